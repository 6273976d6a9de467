"""VideoGigaGAN: generative video super-resolution (Xu et al., arXiv 2404.12388)."""
