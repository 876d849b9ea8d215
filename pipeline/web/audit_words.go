package web

import "tiendo/pipeline/access"

// faultWords are the words for what verification finds, with the places of the values that access.Faults has.
var faultWords = map[access.Fault]string{
	access.RowOfAnotherPlan: "Dòng %d thuộc kế hoạch khác: %s",
	access.RowChanged:       "Dòng %d đã bị sửa: nội dung không cho ra dấu băm của dòng",
	access.RowTwice:         "Dòng %d có hơn một bản: có bản bị chèn vào, hoặc hai nơi cùng ghi một lúc",
	access.RowMissing:       "Dòng %d bị mất",
	access.RowsMissing:      "Các dòng từ %d đến %d bị mất",
	access.RowPutIn:         "Dòng %d bị chèn vào: nhật ký đánh số từ 1",
	access.RowUnlinked:      "Dòng %d không nối tiếp dòng %d: một trong hai dòng đã bị thay",
	access.LogCut:           "Dòng %d từng là dòng mới nhất, nay nhật ký chỉ đến dòng %d",
	access.RowReplaced:      "Dòng %d không phải là dòng đã được ghi nhận là mới nhất",
	access.AccountPutIn:     "Tài khoản %s, phiên bản %d: bị sửa trong kho hoặc bị chèn vào, nhật ký không ghi",
	access.AccountTwice:     "Tài khoản %s, phiên bản %d: có hơn một bản trong kho",
	access.AccountGone:      "Dòng %d ghi một phiên bản của tài khoản %s, trong kho không còn",
	access.EntryPutIn:       "Sổ %s, mục của %s ghi lúc %s: bị sửa trong kho hoặc bị chèn vào, nhật ký không ghi",
	access.EntryTwice:       "Sổ %s, mục của %s ghi lúc %s: có hơn một bản trong kho",
	access.EntryGone:        "Dòng %d ghi một mục sổ khen thưởng của %s, trong kho không còn",
}
