"""Log-likelihoods and generation on the transformers backend, without work that is thrown away."""
