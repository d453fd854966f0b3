"""Host: what featray does on the machine that measures, between the driver and the measuring child.

Flow: a backend -> `supervisor` -> `child` -> `measurement`; each row is in the `spool` before the next cell starts.

    supervisor, child_run, child     one invocation at a time, to its end
    child_death                      why a child ended before its work was done
    lease, cgroup                    who has the host or device; whether the kernel killed for memory
    environments, venvs              the variables and the interpreter that a child gets
    requirement_secrets              tokens in requirements, which no command line may show
    input_files, cuts, mp4_edits     what a child reads: the files of its inputs, and shorter copies of videos
    media, clips                     which frames of a video py-feat will analyse
    spool                            rows on disk until the store has them
    probe, checkout                  what this machine is, and which featray runs on it
"""
