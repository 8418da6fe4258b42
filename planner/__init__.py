"""wheelplan: what `pip install` will do on a machine, said before it runs."""
