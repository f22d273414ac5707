"""Where patches are compared: one protocol, the processor's kernels and their twin in PyTorch.

The search is PatchMatch (Barnes et al., "PatchMatch: A Randomized Correspondence Algorithm for
Structural Image Editing", SIGGRAPH 2009), all places at a time; the colour of a missing pixel is a
vote of all patches over it (Wexler, Shechtman and Irani, "Space-Time Completion of Video", PAMI
2007). `refine` in `completion/refine.py` is the loop over both.
"""
