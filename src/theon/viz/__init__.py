"""Pictures of graphs: text for Graphviz, SVG, and a page to look around in."""
