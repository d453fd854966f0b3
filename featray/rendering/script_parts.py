"""Script parts: the functions that written Python carries, so that it needs no featray where it runs.

Flow: `recommendation_code`, `estimate_files` -> text of a function. Pure. `takes_device` decides as the measuring
process does (`measurement.detector`); a test compares the two.
"""

TAKES_DEVICE = '''
def takes_device(class_):
    """Return True if a class takes a device, itself or through a base class to which it passes its keywords."""
    for base in inspect.getmro(class_):
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(base.__init__).parameters
        if "device" in parameters:
            return True
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return False
    return False
'''
"""For a class that is not py-feat's. It needs `inspect`."""

FIND_GPU = '''
def find_gpu(model):
    """Return the UUID of this machine's only GPU of a model."""
    command = ["nvidia-smi", "--query-gpu=uuid,name", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError) as wrong:
        sys.exit(f"{wrong}: the GPU {model} was not found; set CUDA_VISIBLE_DEVICES to its UUID")
    found = [line.split(", ")[0] for line in listed if line.partition(", ")[2] == model]
    if len(found) != 1:
        gpus = "; ".join(listed)
        sys.exit(f"{len(found)} GPUs here are a {model} ({gpus}); set CUDA_VISIBLE_DEVICES to the UUID of one")
    return found[0]
'''
"""For a GPU of which only the model is known. It needs `subprocess` and `sys`."""

SAVE = '''
def save(faces, path):
    """Write what `detect()` returned as CSV: a data frame, or a list of mappings."""
    if hasattr(faces, "to_csv"):
        faces.to_csv(path, index=False)
        return
    columns = list(dict.fromkeys(key for face in faces for key in face))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(faces)
'''
"""For a class that is not py-feat's. It needs `csv`."""
