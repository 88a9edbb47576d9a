"""Inline PTX as C++: the templates of `asm` read, each instruction a function of the runtime."""
