"""Files and folders of images, to frames and back."""
