"""Those who predict: for each a class that holds a network with the same weights."""
