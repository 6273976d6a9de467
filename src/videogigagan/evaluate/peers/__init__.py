"""Other systems, in our own code, measured beside VideoGigaGAN."""
