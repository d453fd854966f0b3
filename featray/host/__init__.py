"""Host: what featray does on the machine that measures, between the driver and the measuring child.

Flow: a backend -> `supervisor` -> `child_run` -> `child` -> `measurement`; each row is in the `spool`
before the next cell starts.

    devices              the kinds of device, found without torch
    probe                what this machine is and has
    checkout             the commit of the featray that runs
    installation         whether the packages that measuring needs are there
    limits               what the system lets Ray and the child have
    supervisor           one invocation, to its end
    lease                the host or one device, for one invocation at a time
    environments         the variables and the interpreter of a child
    early_weights        synthetic weights, made while Ray starts
    venvs                another torch or py-feat
    requirement_secrets  tokens in requirements, which no command line may show
    own_classes          whether detector classes of the user's own can be imported
    input_files          what a child reads
    clips                what a media file holds
    media                which frames of a video py-feat will analyse
    cuts                 shorter copies of videos
    mp4_edits            hides frames at the end of an MP4 file
    loops                longer copies of videos
    child_run            a child followed to its end, and rows for what it left out
    child                one process, its events and its end
    child_death          why a child ended too early
    cgroup               whether the kernel killed it for memory
    joint_run            several children side by side
    cpu_shares           which processors each of them uses
    mps_daemon           the service by which they share a GPU
    joint_row            their rows as one
    spool                rows on disk until the store has them
"""
