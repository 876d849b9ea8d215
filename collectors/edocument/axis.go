package edocument

import (
	"context"
	"iter"
	"slices"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Fields of a row of the sent list (SYSTEMS section 2).
const (
	sentID = iota
	sentFrom
	sentTo
	sentTime
	sentStatus
	sentReceivedStatus
	sentUpdated
)

var sentFields = []collectors.Field{
	sentID:             {Name: "id", Default: "senderDocId", Required: true},
	sentFrom:           {Name: "unit", Default: "fromCode", Required: true},
	sentTo:             {Name: "to", Default: "toCode"},
	sentTime:           {Name: "sent", Default: "sentTime", Required: true},
	sentStatus:         {Name: "status", Default: "sendStatus", Required: true},
	sentReceivedStatus: {Name: "received_status", Default: "receiveStatus"},
	sentUpdated:        {Name: "updated", Default: "sentTime"},
}

// sentKnown are the usual fields that are not taken: numbers and subjects of documents stay where they are.
var sentKnown = []string{"receiverDocId", "notation", "receivedTime", "subject", "docId"}

// statusCodes are the axis's own (SYSTEMS section 2).
var statusCodes = []string{"01", "02", "03", "04", "05", "06", "13", "15", "16"}

// recalled is the status of a document that its sender has taken back.
const recalled = "13"

// axisSettings are the axis's own settings.
type axisSettings struct {
	To string `yaml:"to"` // parameter of the window's end, in the format of updated_since; empty: none
}

type axis struct {
	*reader
	settings axisSettings
}

func newAxis(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	c := &axis{}
	if err := src.DecodeSettings(&c.settings); err != nil {
		return nil, err
	}
	var err error
	c.reader, err = newReader(src, deps, sentFields, sentKnown)
	return c, err
}

// Pages asks for the window from the cursor, less the lag, to now. A window without documents where there were some
// before is an error: an outage has been seen as "OK" with an empty list.
func (c *axis) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	l := collectors.Listing{}
	if c.settings.To != "" {
		l.Params = map[string]any{c.settings.To: c.src.UpdatedSince.Format.Format(c.deps.Now())}
	}
	return c.client.Pages(ctx, since, l)
}

// Parse reads a page of the sent list. A document sent to several receivers stands there several times and counts once;
// it is recalled when one of its rows says so.
func (c *axis) Parse(p collectors.Page) (collectors.Batch, error) {
	b := collectors.Batch{Documents: make([]collectors.Document, 0, p.Records)}
	place := make(map[string]int, p.Records)
	strange := map[string]bool{}
	land, err := c.layout.Rows(p.Body, func(_ collectors.Land, row *collectors.Row) error {
		x, refused := c.read(row, p.FetchedAt)
		if refused != nil {
			b.Rejects = append(b.Rejects, *refused)
			return nil
		}
		if !slices.Contains(statusCodes, x.Status) && x.Status != "" {
			strange[x.Status] = true
		}
		i, twice := place[x.ID]
		switch {
		case !twice:
			place[x.ID] = len(b.Documents)
			b.Documents = append(b.Documents, x)
		case x.Status == recalled || b.Documents[i].Status != recalled && x.Updated.After(b.Documents[i].Updated):
			b.Documents[i] = x
		}
		return nil
	})
	b.Drift = land.Drift()
	for _, code := range sorted(strange) {
		b.Drift = append(b.Drift, "mã trạng thái văn bản lạ: "+short(code))
	}
	return b, err
}

func (c *axis) read(row *collectors.Row, fetched time.Time) (x collectors.Document, refused *collectors.Reject) {
	x.Position, x.ID, x.To = row.Position, row.Text(sentID), plan.NormalCode(row.Text(sentTo))
	if x.ID == "" {
		return x, c.refuse(row, sentID, "", "missing_id", "Văn bản không có mã: bổ sung ở hệ thống gửi.")
	}
	var err error
	if x.Sent, err = row.Time(sentTime); err != nil || x.Sent.IsZero() {
		return x, c.refuse(row, sentTime, x.ID, "bad_date", "Thời điểm gửi %q không đọc được: sửa ở hệ thống gửi.", short(row.Text(sentTime)))
	}
	if x.Sent.After(fetched) {
		return x, c.refuse(row, sentTime, x.ID, "future_date", "Thời điểm gửi %s ở tương lai so với lúc lấy số liệu: sửa ở hệ thống gửi.", x.Sent.In(plan.Zone).Format("02/01/2006 15:04"))
	}
	if x.Updated, err = row.Time(sentUpdated); err != nil || x.Updated.IsZero() {
		x.Updated = x.Sent
	}
	x.Status = row.Text(sentStatus)
	if row.Text(sentReceivedStatus) == recalled {
		x.Status = recalled
	}
	x.Unit, refused = c.unit(row, sentFrom, x.ID, plan.DayOf(x.Sent))
	return x, refused
}
