package simulator

// document is one e-document on the exchange axis.
type document struct{}

// payment is one payment of a dossier's fee.
type payment struct{}
