"""Model folders and Hub ids: checked, read, fingerprinted, made from a GGUF file."""
