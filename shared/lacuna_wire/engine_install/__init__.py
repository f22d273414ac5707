"""Install The Lacuna engine from inside an editor, bring it up to date, and remove it.

The engine is the wheel that the release's plug-ins carry, with PyTorch and what else it needs, in
an environment of its own. `work.py` is what an editor talks to.
"""
