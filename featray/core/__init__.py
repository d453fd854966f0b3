"""Core: the values that every room shares. Standard library only, since the measuring child imports them too.

version          the version of featray
quantities       units, and sizes as people write them
identity         digests of canonical text
json_text        results as JSON that every reader takes
choices          settings with a few fixed values
detectors        the catalogue of detectors
inputs           the catalogue of clips
label_files      what people say of each frame
detect_call      keywords of `detect()` that a sweep can set
rules            how a cell is measured, and when that stops
cell             one fully determined measurement
cell_fields      what each field of a cell may hold
secret_values    what no row may hold of a cell
reference        the setting that others are compared with
package_version  one version of a package
gpus             what the name of a GPU says
host_names       what people may call a host
targets          the one name of a device
invocation       what one fresh process measures
lease_rule       what an invocation has for itself
events           what happens to an invocation
status           the outcome of a unit
row              one unit in one invocation; the schema of the store
row_values       what the columns of a row can hold
row_texts        how long its texts can be
face_counts      the faces of each frame, as a row holds them
output_table     what one `detect()` call returned
output_families  columns of an output that belong together
output_sums      an output in a few numbers
stored_unit      what the next submit needs of a row
report_order     the order of inputs, detectors and devices
wording          figures and names as text
argument_names   arguments as the caller writes them
clock            the time, as rows store it
files            files written whole, hashed and checked
lockfile         one process at a time
garbage          when Python looks for cycles of objects
"""
