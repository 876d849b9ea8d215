// Package maps carries the outlines of units for drawing, as SOURCE.md beside it describes them. It knows neither Grafana,
// which is given the same file, nor the pages that draw it.
package maps

import _ "embed"

// Districts is a GeoJSON FeatureCollection: polygons in degrees, each with the unit's code as its id.
//
//go:embed districts.geojson
var Districts []byte
