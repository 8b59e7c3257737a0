# SPDX-License-Identifier: Apache-2.0
"""Everything that can go wrong on the road, as one tree.

Each class carries a stable `code`, a Vietnamese `message` (what happened) and a `remedy` (what
to do next). The doors translate them (problem+json, exit codes, screen text); nothing below the
doors prints.

SohoaError
├── BadInput                       the paper or the request is at fault
│   ├── NotADocument               empty, HTML named .pdf, an unknown format
│   ├── EncryptedDocument          needs a password
│   ├── DamagedDocument            broken, truncated, parsers disagree
│   ├── TooLarge                   bytes, pages or pixels over the caps
│   ├── HostileDocument            ran into the limits of the sandbox
│   ├── InvalidValue               a field value that cannot be
│   ├── DamagedPackage             an archive package that is not whole
│   └── SecretDocument             bears a secrecy mark: stopped and erased
├── Conflict                       the request meets another state of things
│   ├── IllegalMove                not allowed in this state
│   ├── StaleVersion               someone else changed it first
│   ├── UnderLegalHold             nothing of it may be destroyed
│   ├── RetentionRunning
│   ├── NotReusable                its signatures or trust level do not suffice
│   ├── SigningExpired             a signature came too late
│   └── IdempotencyMismatch        same key, other bytes
├── NotFound                       absent, or not yours to see
├── NotAllowed                     known, but the role does not permit it
├── NotAuthenticated
└── Unavailable                    the outside world is at fault; trying again may help
    ├── StorageUnavailable
    ├── StorageFull
    ├── IntegrityViolation         bytes are not what was stored
    ├── SigningFailed
    │   ├── CertificateRefused     revoked, expired or another person's certificate
    │   ├── TokenRefused           no token, wrong PIN, locked PIN
    │   └── KeyRefused             a key file where only tokens are allowed
    ├── TimeStampUnavailable
    ├── RevocationUnavailable      nobody says whether a certificate was revoked
    ├── BackupFailed
    ├── ScannerFailed
    └── SandboxTooWeak
"""

from __future__ import annotations

from typing import ClassVar


class SohoaError(Exception):
    """Root of the tree. `detail` is technical and goes to the log, never to the screen."""

    code: ClassVar[str] = "loi"
    message: ClassVar[str] = "Có lỗi xảy ra."
    remedy: ClassVar[str] = "Thử lại; nếu vẫn lỗi, báo quản trị kèm mã lỗi."

    def __init__(self, detail: str = "", *, message: str | None = None) -> None:
        super().__init__(detail or self.message)
        self.detail = detail
        self.shown = message or self.message


class BadInput(SohoaError):
    code = "dau_vao_khong_hop_le"
    message = "Dữ liệu gửi lên không hợp lệ."
    remedy = "Kiểm tra lại nội dung gửi lên rồi thử lại."


class NotADocument(BadInput):
    code = "khong_phai_tai_lieu"
    message = "Tệp này không phải PDF, PNG, JPEG hoặc TIFF."
    remedy = "Gửi lại tệp PDF, PNG, JPEG hoặc TIFF, hoặc quét lại giấy."


class EncryptedDocument(BadInput):
    code = "tai_lieu_co_mat_khau"
    message = "Tệp PDF có đặt mật khẩu nên không đọc được."
    remedy = "Xin người nộp bản không đặt mật khẩu, hoặc quét lại bản giấy."


class DamagedDocument(BadInput):
    code = "tai_lieu_hong"
    message = "Tệp bị hỏng hoặc tải lên chưa đủ."
    remedy = "Gửi lại tệp gốc; nếu vẫn lỗi, quét lại giấy."


class TooLarge(BadInput):
    code = "tai_lieu_qua_lon"
    message = "Tệp, số trang hoặc kích thước trang vượt quá giới hạn cho phép."
    remedy = "Tách thành nhiều tệp nhỏ hơn hoặc quét lại ở 300 dpi."


class HostileDocument(BadInput):
    code = "tai_lieu_khong_an_toan"
    message = "Tệp đòi quá nhiều tài nguyên nên đã bị dừng để bảo vệ hệ thống."
    remedy = "In tệp ra giấy rồi quét lại, hoặc báo quản trị."


class InvalidValue(BadInput):
    code = "gia_tri_khong_hop_le"
    message = "Giá trị của trường không hợp lệ."
    remedy = "Xem lại hình cắt từ giấy và sửa giá trị."


class DamagedPackage(BadInput):
    code = "goi_tin_hong"
    message = "Gói tin lưu trữ bị thiếu, bị sửa hoặc không đúng cấu trúc."
    remedy = "Chép lại gói từ nơi giao rồi kiểm tra bằng `sohoa validate`."


class SecretDocument(BadInput):
    code = "tai_lieu_mat"
    message = "Giấy có dấu độ mật: không được số hóa trên hệ thống này; dữ liệu đã bị xóa."
    remedy = "Xử lý giấy theo quy định bảo vệ bí mật nhà nước; không quét lại."


class Conflict(SohoaError):
    code = "xung_dot"
    message = "Yêu cầu không phù hợp với trạng thái hiện tại."
    remedy = "Tải lại trang rồi thử lại."


class IllegalMove(Conflict):
    code = "sai_buoc"
    message = "Bước này chưa thực hiện được ở trạng thái hiện tại của giấy tờ."
    remedy = "Hoàn tất bước trước (Sao chụp ▸ Bóc tách ▸ Cấp mã ▸ Lưu) rồi thử lại."


class UnderLegalHold(Conflict):
    code = "dang_giu_lai"
    message = "Giấy tờ đang được giữ lại theo yêu cầu nên không hủy được."
    remedy = "Xem lý do giữ; người có thẩm quyền gỡ lệnh giữ trước."


class RetentionRunning(Conflict):
    code = "chua_het_thoi_han_luu"
    message = "Giấy tờ còn trong thời hạn lưu trữ."
    remedy = "Chờ hết thời hạn, hoặc bổ sung bảng thời hạn lưu trữ của đơn vị (retention_rules)."


class StaleVersion(Conflict):
    code = "da_co_nguoi_sua"
    message = "Giấy tờ đã được người khác thay đổi."
    remedy = "Tải lại để xem bản mới nhất rồi sửa lại."


class NotReusable(Conflict):
    code = "khong_dung_lai_duoc"
    message = "Giấy tờ này không đủ điều kiện dùng lại."
    remedy = "Kiểm tra chữ ký của giấy tờ; nếu không khắc phục được, tiếp nhận và số hóa lại."


class IdempotencyMismatch(Conflict):
    code = "trung_khoa_khac_noi_dung"
    message = "Khóa chống gửi trùng đã dùng cho một nội dung khác."
    remedy = "Dùng khóa Idempotency-Key mới cho nội dung mới."


class SigningExpired(Conflict):
    code = "lan_ky_da_het_han"
    message = "Lượt ký đã hết hạn hoặc đã bị hủy; giấy tờ chưa thay đổi."
    remedy = "Gửi lại giấy tờ đến trạm để ký lượt mới."


class NotFound(SohoaError):
    code = "khong_tim_thay"
    message = "Không tìm thấy, hoặc không thuộc phạm vi đơn vị của bạn."
    remedy = "Kiểm tra lại mã; nếu cần, đề nghị đơn vị quản lý giấy tờ chia sẻ."


class NotAllowed(SohoaError):
    code = "khong_du_quyen"
    message = "Tài khoản không có quyền làm việc này."
    remedy = "Đề nghị quản trị cấp vai trò phù hợp."


class NotAuthenticated(SohoaError):
    code = "chua_dang_nhap"
    message = "Chưa đăng nhập hoặc phiên đã hết hạn."
    remedy = "Đăng nhập lại, hoặc kiểm tra khóa API."


class Unavailable(SohoaError):
    code = "tam_thoi_khong_phuc_vu"
    message = "Hệ thống tạm thời chưa phục vụ được."
    remedy = "Chờ một lát rồi thử lại; dữ liệu đã nhận vẫn an toàn."


class StorageUnavailable(Unavailable):
    code = "kho_tep_khong_phan_hoi"
    message = "Kho tệp không phản hồi."


class StorageFull(Unavailable):
    code = "het_dung_luong"
    message = "Kho tệp đã hết dung lượng; tệp này chưa được nhận."
    remedy = "Báo quản trị giải phóng dung lượng rồi gửi lại."


class IntegrityViolation(Unavailable):
    code = "sai_lech_toan_ven"
    message = "Tệp trong kho không còn đúng với dấu vân tay đã ghi."
    remedy = "Không dùng tệp này; báo quản trị khôi phục từ bản sao."


class SigningFailed(Unavailable):
    code = "ky_so_khong_thanh_cong"
    message = "Ký số không thành công."
    remedy = "Kiểm tra chứng thư, thiết bị ký rồi ký lại."


class CertificateRefused(SigningFailed):
    code = "chung_thu_khong_duoc_ky"
    message = "Chứng thư ký số này không được dùng để ký."
    remedy = "Dùng chứng thư còn hiệu lực của chính người ký, hoặc xin cấp chứng thư mới."


class TokenRefused(SigningFailed):
    code = "thiet_bi_ky_khong_mo_duoc"
    message = "Không mở được thiết bị ký số: kiểm tra thiết bị và mã PIN."
    remedy = "Cắm đúng thiết bị ký số, nhập đúng mã PIN rồi ký lại."


class KeyRefused(SigningFailed):
    code = "khoa_ky_dang_tep_bi_tu_choi"
    message = "Khóa ký dạng tệp (PKCS#12) chỉ dùng khi phát triển và thử nghiệm."
    remedy = "Dùng thiết bị ký số hoặc HSM; quản trị xem SOHOA_ALLOW_KEY_FILES."


class TimeStampUnavailable(Unavailable):
    code = "khong_co_dau_thoi_gian"
    message = "Máy chủ dấu thời gian không trả lời."
    remedy = "Chữ ký vẫn được giữ; hệ thống tự bổ sung dấu thời gian khi máy chủ hoạt động lại."


class RevocationUnavailable(Unavailable):
    code = "khong_tra_cuu_duoc_thu_hoi"
    message = "Chưa tra cứu được tình trạng thu hồi của chứng thư."
    remedy = "Hệ thống tự tra cứu lại sau; quản trị xem SOHOA_REVOCATION_HOSTS."


class BackupFailed(Unavailable):
    code = "sao_luu_khong_thanh_cong"
    message = "Sao lưu hoặc phục hồi không thành công."
    remedy = (
        "Xem nhật ký kỹ thuật, kiểm tra nơi chứa bản sao và khóa rồi chạy lại; làm lại an toàn."
    )


class ScannerFailed(Unavailable):
    code = "may_quet_loi"
    message = "Máy quét báo lỗi."
    remedy = "Kiểm tra giấy, nắp máy và cáp nối rồi quét lại."


class SandboxTooWeak(Unavailable):
    code = "vung_cach_ly_yeu"
    message = "Máy chủ không đạt mức cách ly tối thiểu để mở tệp lạ."
    remedy = "Quản trị xem `sohoa doctor` và SOHOA_SANDBOX_MIN."
