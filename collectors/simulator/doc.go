// Package simulator stands in for the outside world: it makes up a province from a seed, serves the source systems' own
// APIs over it as they were at a clock, writes the form and table files that units handed in, and says from its own
// records what every figure of the plan should be (Truth).
//
// It may know nothing of the pipeline: not one package of this module is imported, so that a mistake there cannot repeat
// itself here. A plan's data files are read by small decoders of its own. Its figures are synthetic; no line of it may be
// used to compute a real one.
package simulator
