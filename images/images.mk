# images/: the disks that guests are given.
.PHONY: images
images:
