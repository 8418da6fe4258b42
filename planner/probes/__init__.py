"""The only modules that ask the machine anything; each probe turns what it is told into facts."""
