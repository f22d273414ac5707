"""Drag with a tool of Krita as a hand does, and see what is selected then."""

# Krita selects in threads of its own: what is selected already may be half of it.
SELECTED = """
document.waitForDone()
s = document.selection()
s and s.width() and [s.x(), s.y(), s.width(), s.height()]
"""
# The canvas is shown 1:1; where its middle is as soon as nothing is laid out anew any more.
ON_SCREEN = """
def steps():
    krita.activeWindow().qwindow().activateWindow()
    krita.action(tool).trigger()
    canvas = krita.activeWindow().activeView().canvas()
    canvas.setZoomLevel(1.0)
    view = krita.activeWindow().qwindow().centralWidget()

    def look():
        middle = view.mapToGlobal(view.rect().center())
        return [middle.x(), middle.y()], canvas.zoomLevel()

    before, now = None, look()
    while before != now:
        yield 100
        before, now = now, look()
    return now[0]

steps()
"""


def drag_tool(krita, tool, left, top, right, bottom):
    """Drag the mouse with a tool, relative to the middle of the canvas."""
    x, y = krita.run(ON_SCREEN, tool=tool)
    krita.drag(x + left, y + top, x + right, y + bottom)


def drag_selection(krita, left, top, right, bottom):
    """Select with the mouse, relative to the middle of the canvas; where the selection lies."""
    drag_tool(krita, "KisToolSelectRectangular", left, top, right, bottom)
    krita.xdotool("mousemove 800 980")
    return krita.wait_for(SELECTED)
