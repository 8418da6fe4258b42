"""What the pins of a resolution need of CUDA, as functions of pins and facts; must not fetch or probe."""
