"""The command line: parse, call, print. No decision is made here.

Flow: `app` -> the module of a command -> its verb in `api` -> `console`.

    app             all subcommands; the one place that catches errors on purpose
    options         options that several commands share
    examples        examples for the end of each help
    exit_codes      what each exit code means

    init            a new sweep file
    doctor          whether this machine is ready
    fetch           the weights of a sweep
    hosts           what each machine is and has
    plan            what a submit would do
    submit          measures a sweep
    measure         one cell, once, without Ray
    calibrate       how noisy each target is
    status          how detached submits stand
    logs            what one has printed
    cancel          ends one
    report          what was measured, for people
    compare         which differences are real
    recommend       the setting to use
    estimate        what footage will take
    suggest         what to measure next
    history         times over versions and days
    bisect          which version changed a time
    import_         py-feat's reports into the store
    export          rows for other tools
    store           lists, checks, compacts, removes
    cluster         starts, joins and leaves a Ray cluster
    dashboard       logs a browser in
    schema          the keys of a file, for editors

    progress        a submit as it goes on: live, lines or JSON
    listing         lines of figures for terminals of any width
    console         results to stdout, everything else to stderr
    output_streams  names the output when a write to it fails
"""
