# SPDX-License-Identifier: Apache-2.0
"""Sentences of office language, written for the samples; slots are filled from the seed."""

from __future__ import annotations

SUBJECTS = (
    "số hóa hồ sơ, kết quả giải quyết thủ tục hành chính năm {year}",
    "chuyển đổi số và cải cách hành chính năm {year}",
    "phòng, chống thiên tai và tìm kiếm cứu nạn năm {year}",
    "quản lý, sử dụng tài sản công tại các đơn vị sự nghiệp",
    "phòng cháy, chữa cháy rừng mùa khô năm {year}",
    "tiêm chủng mở rộng cho trẻ em dưới 5 tuổi trên địa bàn",
    "cấp nước sạch sinh hoạt cho các thôn vùng cao",
    "rà soát hộ nghèo, hộ cận nghèo giai đoạn {year} - {later}",
    "bảo đảm trật tự, an toàn giao thông dịp Tết Nguyên đán",
    "đào tạo nghề cho lao động nông thôn năm {year}",
    "kiểm kê đất đai, lập bản đồ hiện trạng sử dụng đất",
    "tổ chức Ngày hội văn hóa, thể thao các dân tộc năm {year}",
    "tiếp nhận hồ sơ trực tuyến và trả kết quả qua dịch vụ bưu chính",
    "quản lý, bảo vệ công trình thủy lợi trên địa bàn xã",
)
CITATIONS = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025",
    "Căn cứ Nghị định số 118/2025/NĐ-CP ngày 09 tháng 6 năm 2025 của Chính phủ về thực hiện thủ"
    " tục hành chính theo cơ chế một cửa, một cửa liên thông",
    "Căn cứ Luật Ngân sách nhà nước ngày 25 tháng 6 năm 2025",
    "Căn cứ Luật Lưu trữ ngày 21 tháng 6 năm 2024",
    "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư",
    "Căn cứ Kế hoạch số {n1}/KH-UBND {d1} của Ủy ban nhân dân tỉnh {province}",
    "Căn cứ Công văn số {n2}/VP-HCC {d1} về việc hướng dẫn thực hiện nhiệm vụ quý {quarter}",
)
DUTIES = (
    "Chủ trì, phối hợp với các cơ quan, đơn vị liên quan hướng dẫn, đôn đốc, kiểm tra việc thực hiện;"
    " tổng hợp kết quả, báo cáo {chief} trước {d2}.",
    "Bố trí cán bộ, công chức có đủ năng lực, trang thiết bị và đường truyền để bảo đảm việc tiếp"
    " nhận, xử lý hồ sơ được thông suốt.",
    "Phổ biến, quán triệt đến toàn thể cán bộ, công chức, viên chức, người lao động và Nhân dân trên"
    " địa bàn biết, thực hiện.",
    "Kinh phí thực hiện được bố trí từ nguồn ngân sách theo phân cấp quản lý hiện hành và các nguồn"
    " huy động hợp pháp khác.",
    "Thường xuyên kiểm tra, kịp thời chấn chỉnh những tồn tại, hạn chế; khen thưởng tập thể, cá nhân"
    " có thành tích xuất sắc.",
    "Rà soát, cập nhật đầy đủ số liệu lên hệ thống; tỷ lệ hồ sơ giải quyết đúng hạn đạt từ {percent}%"
    " trở lên, trong đó hồ sơ trực tuyến đạt {percent2}%.",
    "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, đề nghị các đơn vị phản ánh bằng văn bản"
    " về {short} để xem xét, giải quyết theo quy định.",
    "Việc sao chụp, bóc tách và lưu giữ hồ sơ điện tử phải tuân thủ quy định của pháp luật về lưu trữ"
    " và bảo vệ dữ liệu cá nhân.",
    "Đến nay đã có {count} hồ sơ được số hóa, {count2} kết quả được tái sử dụng, giảm đáng kể giấy tờ"
    " công dân phải nộp lại.",
    "Các thôn, tổ dân phố hoàn thành việc niêm yết công khai tại nhà văn hóa và thông báo trên hệ"
    " thống truyền thanh cơ sở trước {d2}.",
    "Nâng cao chất lượng phục vụ người dân và doanh nghiệp, lấy sự hài lòng làm thước đo hiệu quả"
    " hoạt động của bộ máy.",
    "Phòng Kinh tế, Phòng Văn hóa - Xã hội và Trung tâm Phục vụ hành chính công căn cứ chức năng,"
    " nhiệm vụ được giao để triển khai thực hiện.",
)
HEADINGS = (
    "MỤC ĐÍCH, YÊU CẦU", "NỘI DUNG THỰC HIỆN", "KẾT QUẢ ĐẠT ĐƯỢC", "TỒN TẠI, HẠN CHẾ",
    "KINH PHÍ THỰC HIỆN", "TỔ CHỨC THỰC HIỆN",
)  # fmt: skip
RECIPIENTS = (
    "Thường trực HĐND", "Lãnh đạo {short}", "Các phòng, ban, đơn vị trực thuộc",
    "Các thôn, tổ dân phố", "Trang thông tin điện tử", "Sở Nội vụ (để báo cáo)",
    "Bưu điện khu vực (để phối hợp)",
)  # fmt: skip
ADDRESSEES = (
    "Các phòng, ban chuyên môn", "Trung tâm Phục vụ hành chính công", "Các trường học trên địa bàn",
    "Trạm Y tế", "Ban Chỉ huy Quân sự", "Công an địa phương", "Các thôn, tổ dân phố",
    "Văn phòng Hội đồng nhân dân và Ủy ban nhân dân",
)  # fmt: skip
TABLE_ITEMS = (
    "Máy quét hai mặt khổ A4", "Tủ hồ sơ thép sáu ngăn", "Tập huấn kỹ năng số hóa", "Màn hình hiển thị"
    " số thứ tự", "Bảo trì đường truyền", "In biểu mẫu, tờ khai", "Chỉnh lý tài liệu tồn đọng",
)  # fmt: skip
