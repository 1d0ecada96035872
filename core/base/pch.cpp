// Carries the precompiled header of the tree.
