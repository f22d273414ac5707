"""Runs inside Krita: what the tests use there. What waits is a generator, as the driver says."""

import os
from dataclasses import replace

from krita import Krita, Selection

from lacuna_krita import active_layer, aim, colours, settings
from lacuna_krita import layers as plugin_layers
from lacuna_krita.fills import FILLS
from lacuna_wire import Options  # noqa: F401, for the tests
from lacuna_wire.editor import EditorSettings

ACTION = "lacuna_inpaint_selection"
PATIENCE_MS = 60_000
krita = Krita.instance()
sentences = []
FILLS.said.connect(lambda document, sentence, failed: sentences.append([sentence, failed]))


def meet(state):
    """Let the plug-in look for its daemon in this state folder."""
    os.environ["LACUNA_STATE_DIR"] = state


def until(condition, what):
    """Wait for something; a test that waits in vain says for what."""
    for _ in range(PATIENCE_MS // 10):
        if condition():
            return
        yield 10
    raise AssertionError("waited in vain for " + what)


def show(document):
    """Put a document into the window and wait until it is the active one."""
    krita.activeWindow().addView(document)
    yield from until(lambda: krita.activeDocument() == document and document.activeNode(), "a view")
    return document


def close_all():
    for document in krita.documents():
        document.waitForDone()
    yield 200  # Krita may crash if a document is closed right after something was selected in it
    for document in krita.documents():
        document.setModified(False)
        document.close()
    yield from until(lambda: not krita.documents(), "closed documents")


def open_photo(path, *space):
    """Open a picture alone, in another colour space if one is given."""
    global document
    settings.save(EditorSettings())
    yield from close_all()
    document = krita.openDocument(path)
    if space:  # before it is seen: Krita 5.1 may abort when a canvas changes its model
        document.setColorSpace(*space)
        document.waitForDone()
    yield from show(document)
    sentences.clear()
    return document.colorProfile()


def activate(node):
    document.setActiveNode(node)
    yield from until(lambda: document.activeNode().uniqueId() == node.uniqueId(), "active layer")


def add(node, below=None, parent=None):
    (parent or document.rootNode()).addChildNode(node, below)
    document.waitForDone()
    yield from activate(node)


def select(left, top, width, height):
    selection = Selection()
    selection.select(left, top, width, height, 255)
    document.setSelection(selection)


def walk(node):
    for child in node.childNodes():
        yield child
        yield from walk(child)


def layers(of=None):
    """Names of all layers, from the bottom to the top."""
    root = (of or document).rootNode()
    return [node.name() for node in walk(root) if node.type() != "selectionmask"]


def layer(name, of=None):
    return next(node for node in walk((of or document).rootNode()) if node.name() == name)


def running():
    return FILLS.state(document).running


def click():
    """Press the action as the menu does."""
    krita.action(ACTION).trigger()


def ended(of=None):
    yield from until(lambda: not FILLS.state(of or document).running, "the end of a fill")
    yield from until(lambda: is_restored(of or document), "the picture as the active layer")
    return FILLS.state(of or document).text


def is_restored(document):
    """Whether the picture is the active layer again; it is only made so where the user looks."""
    looked_at = krita.activeDocument() == document
    return not looked_at or not any(each.document == document for each in active_layer.KEEPERS)


def aimed():
    """The layer that a click means."""
    return aim.aimed_layer(document, document.activeNode(), plugin_layers.canvas_of(document), True)


def fill(visible=False, destination="auto", **chosen):
    """Click, wait, and tell what has become of the document."""
    options = replace(EditorSettings().options, **chosen)
    settings.save(EditorSettings(visible, options, destination))
    before = [node.uniqueId() for node in walk(document.rootNode())]
    active = document.activeNode()
    source = aimed()
    click()
    text = yield from ended()
    new = [node for node in walk(document.rootNode()) if node.uniqueId() not in before]
    facts = {"text": text, "new": [node.name() for node in new], "failed": sentences[-1][1]}
    facts["still_active"] = document.activeNode().uniqueId() == source.uniqueId()
    facts["was_active"] = active.uniqueId() == source.uniqueId()
    if new:
        parent = new[0].parentNode()
        order = [node.uniqueId() for node in parent.childNodes()]
        at = order.index(new[0].uniqueId())
        facts["above"] = order[at - 1] == source.uniqueId()
        facts["rect"] = new[0].bounds().getRect()
        facts["name"] = new[0].name()
        facts["space"] = list(plugin_layers.space_of(new[0]))
    return facts


def pixels_of(node, rect=None):
    """All pixels of a layer as the plug-in would read them."""
    area = rect or (0, 0, document.width(), document.height())
    return node.pixelData(*area) if node.type() == "paintlayer" else node.projectionPixelData(*area)


def converted(data, source, target, width, height):
    convert = colours.Converter(colours.Space(*source), colours.Space(*target))
    try:
        return bytes(convert(data, colours.Rect(0, 0, width, height)))
    finally:
        convert.close()
