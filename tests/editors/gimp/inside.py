"""What the scripts that run inside GIMP share: call the plug-in, and write down what happened."""

import json
import os
from pathlib import Path

from gi.repository import Gegl, Gimp, Gio

FOLDER = Path(os.environ["LACUNA_TEST_FOLDER"])
PROCEDURE = "plug-in-lacuna-inpaint"
Gegl.init(None)
report = {}


def load(name="photo.png"):
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(FOLDER / name)))


def call(image, drawables, procedure=PROCEDURE, **arguments):
    """Call the plug-in; return its layer, or the sentence with which it refused."""
    found = Gimp.get_pdb().lookup_procedure(procedure)
    config = found.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    for name, value in arguments.items():
        config.set_property(name.replace("_", "-"), value)
    values = found.run(config)
    if values.index(0) == Gimp.PDBStatusType.SUCCESS:
        return values.index(1), None
    return None, Gimp.get_pdb().get_last_error()


def pixels(drawable, encoding, rect=None):
    rect = rect or (0, 0, drawable.get_width(), drawable.get_height())
    return drawable.get_buffer().get(
        Gegl.Rectangle.new(*rect), 1.0, encoding, Gegl.AbyssPolicy.NONE
    )


def place(layer):
    _, left, top = layer.get_offsets()
    return [left, top, layer.get_width(), layer.get_height()]


def write(name, data):
    (FOLDER / f"{name}.raw").write_bytes(data)


def fill(case, image, source, encoding, active=None, **arguments):
    """Run one case whose result is compared with the engine's."""
    area = place(source)
    write(f"{case}.before", pixels(source, encoding))
    write(f"{case}.selection", pixels(image.get_selection(), "Y u8", area))
    layers = image.get_layers()
    new, error = call(image, [active or source], **arguments)
    facts = {"error": error, "source": area, "arguments": arguments}
    if new is not None:
        facts.update(
            name=new.get_name(),
            source_name=source.get_name(),
            place=place(new),
            above=image.get_item_position(new) + 1 == image.get_item_position(source),
            same_parent=new.get_parent() == source.get_parent(),
            still_active=image.get_selected_layers() == [source],
            mixed_in=new.get_composite_space().value_nick,
            layers_more=len(image.get_layers()) - len(layers),
            returned_is_in_image=new.is_valid() and new.get_image() == image,
        )
        write(f"{case}.fill", pixels(new, encoding))
        write(f"{case}.after", pixels(source, encoding))
    report[case] = facts
    return new


def refuse(case, image, drawables, **arguments):
    """Run one case that cannot be done."""
    before = [layer.get_id() for layer in image.get_layers()]
    new, error = call(image, drawables, **arguments)
    report[case] = {
        "error": error,
        "done": new is not None,
        "unchanged": [layer.get_id() for layer in image.get_layers()] == before,
    }


def finish():
    (FOLDER / "report.json").write_text(json.dumps(report, indent=1))
