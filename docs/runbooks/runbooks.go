// Package runbooks carries what to do about each alert, as people edit it. It knows nothing of the pages that show it;
// dashboards/prometheus has a test that every alert stands in it.
package runbooks

import _ "embed"

// Alerts is the runbook in Markdown: one heading of the second level for each alert, which begins with the alert's name.
//
//go:embed ALERTS.md
var Alerts []byte
