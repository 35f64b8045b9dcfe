"""Tests of the arithmetic: what venues print, laws as properties, and twins written out from the definitions."""
