"""Everything that decodes pixels. It runs in the decoder's process, which holds no credentials."""
