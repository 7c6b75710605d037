"""One step verified with a tool that a model operates: for methods that differ in the tool."""
