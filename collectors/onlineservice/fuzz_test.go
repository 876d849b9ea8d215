package onlineservice_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// fuzz lands whatever it is given as a page's records. A parser may refuse the page; what it lets through must be sound.
func fuzz(f *testing.F, planName, resource, scope string, seeds []string, check func(*testing.T, collectors.Batch)) {
	p := loadPlan(f, planName)
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	c := build(f, p, bare(resource), "http://127.0.0.1:1", fetched)
	f.Fuzz(func(t *testing.T, record []byte) {
		b, err := c.Parse(collectors.Page{Body: collectors.Land{Scope: scope, Records: []json.RawMessage{record}}.Body(), FetchedAt: fetched, Records: 1})
		if err != nil {
			return
		}
		for _, r := range b.Rejects {
			if r.Rule == "" || r.Reason == "" || len(r.Reason) > 1000 {
				t.Errorf("reject without rule or reason: %+v", r)
			}
		}
		for _, m := range b.Measures {
			if m.Code == "" || m.Value < 0 || m.End < m.Start || p.Units.Key(m.Unit) == nil {
				t.Errorf("measure %+v", m)
			}
		}
		check(t, b)
	})
}

func FuzzParseDossiers(f *testing.F) {
	var fixture struct{ Data []json.RawMessage }
	b, err := os.ReadFile("testdata/dossiers.json")
	if err != nil {
		f.Fatal(err)
	}
	if err := json.Unmarshal(b, &fixture); err != nil {
		f.Fatal(err)
	}
	var seeds []string
	for _, r := range fixture.Data {
		seeds = append(seeds, string(r))
	}
	p := loadPlan(f, kienGiang)
	fuzz(f, kienGiang, "dossiers", "", seeds, func(t *testing.T, b collectors.Batch) {
		for _, d := range b.Dossiers {
			if d.ID == "" || d.Status < 1 || d.Status > 10 || d.Channel < 1 || d.Channel > 3 || d.FeeAmount < 0 || d.Updated.IsZero() || d.Submitted.IsZero() ||
				d.Finished.After(fetched) || (!d.Finished.IsZero() && d.Finished.Before(d.Submitted)) || p.Units.Key(d.Unit) == nil {
				t.Errorf("dossier %+v", d)
			}
		}
	})
}

func FuzzParseProcedures(f *testing.F) {
	p := loadPlan(f, kienGiang)
	fuzz(f, kienGiang, "procedures", "", []string{
		`{"MaTTHC":"1.002835.000.00.00.H33","MucDo":"4","DuDieuKienToanTrinh":"1","MaDonVi":"000.00.31.H33","NgayHieuLuc":"20200101000000","NgayHetHieuLuc":"","NgayCapNhat":"20250101080000"}`,
	}, func(t *testing.T, b collectors.Batch) {
		for _, x := range b.Procedures {
			if x.Code == "" || x.Level < 1 || x.Level > 4 || p.Units.Key(x.Unit) == nil || (x.ValidTo != plan.NoDay && x.ValidTo < x.ValidFrom) {
				t.Errorf("procedure %+v", x)
			}
		}
	})
}

func ignore(*testing.T, collectors.Batch) {}

func FuzzParsePortalStatistics(f *testing.F) {
	fuzz(f, kienGiang, "portal_statistics", "2025-05", []string{strings.Trim(portal("1000", "970", `,"TILE_DB":"97"`), "[]"), strings.Trim(portal("1.000", "9", `,"TILE_DB":"(8,02%)"`), "[]"), `{}`}, ignore)
}

func FuzzParseOneStopStatistics(f *testing.F) {
	fuzz(f, kienGiang, "onestop_statistics", "2025-05", []string{`{"agency":{"code":"H33.31","name":"x"},"received":"6 000","resolved":5998,"receivedOnline":4000.0,"receivedDirect":2000,"resolvedOverdue":"1481","resolvedOverduePercent":"8.02"}`}, ignore)
}

func FuzzParseOneStopOnline(f *testing.F) {
	fuzz(f, kienGiang, "onestop_online", "2025-05", []string{`{"agency_name":"Xã Bình An - Huyện Châu Thành","phatsinh_1phan_quantity":"1","phatsinh_toanphan_quantity":"2","hoanthanh_quantity":"9","tuchoi_quantity":"0","onlinepaid_quantity":"1","total":"3"}`}, ignore)
}

func FuzzParseScores(f *testing.F) {
	fuzz(f, "an-giang-766-2025", "portal_scores", "trend/2025", []string{`{"MA_COQUAN":"H01","THANG":"2025-03","TONG_SCORE":"80.2"}`, `{"MA_COQUAN":"000.00.00.H37","THANG":"2025-Q1","TDGQ":18.99,"TONG_SCORE":80.2}`}, ignore)
}
