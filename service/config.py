# SPDX-License-Identifier: Apache-2.0
"""Settings, read once from the environment (`SOHOA_*`), `sohoa.toml`, or files (`SOHOA_*_FILE`).

Nothing below `service` knows the environment: values are passed down through constructors.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    """Every setting of the workstation. The description is what `sohoa config` shows."""

    model_config = SettingsConfigDict(
        env_prefix="SOHOA_", toml_file="sohoa.toml", extra="forbid", frozen=True
    )

    data_dir: Path = Field(Path("var"), description="Thư mục dữ liệu (cơ sở dữ liệu, kho tệp).")
    database_url: str = Field(
        "", description="SQLAlchemy URL; để trống: SQLite trong thư mục dữ liệu."
    )
    object_store: Literal["folder", "s3"] = Field("folder", description="Loại kho tệp.")
    s3_endpoint: str = Field("", description="Máy chủ S3, dạng host:port.")
    s3_access_key: str = Field("", description="Khóa truy cập S3.")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="Mật khẩu S3.")
    s3_bucket: str = Field("hoso", description="Bucket chứa giấy tờ.")
    s3_secure: bool = Field(True, description="Dùng TLS tới máy chủ S3.")
    s3_ca_file: Path | None = Field(None, description="Chứng thư gốc của máy chủ S3.")
    s3_prefix: str = Field(
        "", description="Tiền tố mọi khóa trong bucket, như h12/: nhiều đơn vị chung một bucket."
    )
    s3_object_lock: Literal["", "GOVERNANCE", "COMPLIANCE"] = Field(
        "", description="Kiểu khóa ghi S3; để trống: không khóa. Bucket phải tạo có object lock."
    )
    s3_encryption: str = Field(
        "", description="Mã hóa phía máy chủ: SSE-S3, SSE-KMS:<khóa>, hoặc để trống."
    )
    lock_days: int = Field(
        0, ge=0, description="Khóa ghi giấy tờ đã lưu bao nhiêu ngày (không quá thời hạn lưu trữ)."
    )
    retention_rules: Path | None = Field(
        None, description="Bảng TOML thời hạn lưu trữ theo loại giấy tờ của đơn vị."
    )
    replica_dir: Path | None = Field(
        None, description="Thư mục bản sao thứ hai của kho tệp, ở ổ đĩa khác."
    )
    replica_s3_endpoint: str = Field("", description="Máy chủ S3 của bản sao; để trống: như chính.")
    replica_s3_access_key: str = Field("", description="Khóa truy cập S3 của bản sao.")
    replica_s3_secret_key: SecretStr = Field(SecretStr(""), description="Mật khẩu S3 của bản sao.")
    replica_s3_bucket: str = Field("", description="Bucket của bản sao; để trống: không có.")
    scrub_every_days: int = Field(
        7, ge=0, description="Bao nhiêu ngày thì soát lại toàn kho; 0: không tự soát."
    )
    scrub_mb_per_s: float = Field(
        10, ge=0, description="Tốc độ đọc khi soát kho, MB/giây; 0: không giới hạn."
    )
    backup_targets: str = Field(
        "", description="Nơi chứa bản sao lưu: thư mục hoặc s3:BUCKET, cách nhau bằng dấu cách."
    )
    backup_recipients: str = Field(
        "", description="Khóa công khai mã hóa bản sao lưu (age1…), cách nhau bằng dấu cách."
    )
    backup_every_hours: float = Field(
        24, ge=0, description="Bao nhiêu giờ thì tự sao lưu; 0: không tự sao lưu."
    )
    backup_keep_days: int = Field(7, ge=1, description="Giữ bản sao lưu của bao nhiêu ngày gần.")
    backup_keep_weeks: int = Field(5, ge=0, description="Giữ bản sao lưu của bao nhiêu tuần gần.")
    backup_keep_months: int = Field(
        12, ge=0, description="Giữ bản sao lưu của bao nhiêu tháng gần."
    )
    host: str = Field("127.0.0.1", description="Địa chỉ lắng nghe.")
    port: int = Field(8000, description="Cổng lắng nghe.")
    public_url: str = Field(
        "", description="Địa chỉ máy khác vào máy chủ này (mã QR cho điện thoại), như https://…"
    )
    workers: int = Field(2, ge=1, le=64, description="Số tiến trình đọc giấy tờ.")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Khóa ký phiên đăng nhập; để trống: tạo trong thư mục dữ liệu."
    )
    secure_cookies: bool = Field(False, description="Chỉ gửi cookie qua HTTPS.")
    session_minutes: int = Field(15, ge=1, description="Phút không thao tác thì khóa phiên.")
    login_tries: int = Field(5, ge=1, description="Số lần nhập sai trước khi khóa tài khoản.")
    login_lock_minutes: int = Field(15, ge=1, description="Số phút khóa tài khoản.")
    render_dpi: int = Field(0, ge=0, le=600, description="Độ phân giải khi đọc; 0: mặc định.")
    review_below: float = Field(
        0.0, ge=0, lt=1,
        description="Trường có xác suất đúng dưới mức này thì chờ cán bộ kiểm tra; 0: mức đo được.",
    )  # fmt: skip
    sandbox_min: int = Field(1, ge=1, le=3, description="Mức cách ly tối thiểu để mở tệp lạ.")
    mark_code: bool = Field(
        False, description="In mã QR (mã giấy tờ, SHA-256 bản gốc) cạnh ký hiệu chuyển đổi."
    )
    keep_card_images: bool = Field(False, description="Lưu ảnh căn cước (mặc định không).")
    result_code_template: str = Field(
        "KQ.{unit_code}.{year}.{type_code}.{sequence:06d}",
        description="Mẫu mã kết quả số hóa.",
    )
    certificates_dir: Path | None = Field(
        None, description="Chứng thư ký số; để trống: chứng thư thử trong thư mục dữ liệu."
    )
    installation_key: Path | None = Field(
        None, description="Khóa Ed25519 của trạm (ký mốc nhật ký, bản sao lưu); để trống: tự tạo."
    )
    audit_dir: Path | None = Field(
        None, description="Thư mục mốc nhật ký đã ký; nên đặt ở ổ đĩa khác cơ sở dữ liệu."
    )
    audit_public_keys: tuple[str, ...] = Field(
        (), description="Khóa công khai được tin khi kiểm tra mốc; để trống: khóa của trạm."
    )
    audit_anchor_minutes: int = Field(
        15, ge=1, description="Cứ bao nhiêu phút thì ghi mốc nhật ký vào kho tệp."
    )
    signing_keys: Path | None = Field(
        None, description="Tệp TOML khai khóa ký (HSM, token); để trống: khóa thử nghiệm."
    )
    allow_key_files: bool = Field(
        False, description="Cho phép khóa ký dạng tệp PKCS#12 ngoài thử nghiệm."
    )
    signature_profiles: Path | None = Field(
        None, description="Tệp TOML hồ sơ ký của đơn vị, thay từng phần hồ sơ sẵn có."
    )
    tsa_url: str = Field(
        "", description="Máy chủ dấu thời gian RFC 3161; để trống: dấu thử nghiệm của máy này."
    )
    revocation_hosts: tuple[str, ...] = Field(
        (), description="Máy chủ CRL/OCSP được phép hỏi (tên hoặc tên:cổng); để trống: không hỏi."
    )
    trust_dir: Path | None = Field(
        None,
        description="Thư mục chứng thư gốc (CA) và danh sách thu hồi (CRL) tin thêm khi kiểm tra "
        "chữ ký.",
    )
    consume_dir: Path | None = Field(None, description="Thư mục nóng: tệp đặt vào được tiếp nhận.")
    consume_user: str = Field("", description="Tài khoản đứng tên tệp từ thư mục nóng.")
    intakes: Path | None = Field(
        None, description="Tệp TOML khai các nguồn nhận tệp: thư mục nóng, hộp thư, SMTP, FTP."
    )
    escl_devices: str = Field(
        "", description="Địa chỉ máy quét mạng (eSCL) không tự xuất hiện, cách nhau bằng dấu cách."
    )
    sane_backends: str = Field(
        "", description="Chỉ dùng các backend SANE này (liệt kê nhanh); để trống: theo hệ thống."
    )
    scan_profiles: Path | None = Field(
        None, description="Tệp TOML cấu hình quét của đơn vị, thêm vào cấu hình sẵn có."
    )
    separator_patches: str = Field(
        "II T",
        pattern=r"^((I|II|III|IV|VI|T)( +|$))*$",
        description="Mã vạch phân cách (patch code) bắt đầu giấy tờ mới, cách nhau bằng dấu cách.",
    )
    archive_code: str = Field(
        "", description="Mã cơ quan lưu trữ, đứng đầu mã hồ sơ trong gói tin; để trống: mã đơn vị."
    )
    log_level: str = Field("INFO", description="Mức nhật ký kỹ thuật.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            env_settings,
            _FromFiles(settings_cls),
            TomlConfigSettingsSource(settings_cls),
        )

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.data_dir / 'sohoa.db').resolve()}"

    @property
    def certificates(self) -> Path:
        return self.certificates_dir or self.data_dir / "certificates"

    def signing_key(self) -> bytes:
        """The key that signs sessions; made once, 0600, where none is given."""
        if self.secret_key.get_secret_value():
            return self.secret_key.get_secret_value().encode()
        path = self.data_dir / "session.key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
        return path.read_bytes()


class _FromFiles(PydanticBaseSettingsSource):
    """`SOHOA_S3_SECRET_KEY_FILE=/run/secrets/s3`: the value stands in a file."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"SOHOA_{field_name.upper()}_FILE")
        value = Path(path).read_text("utf-8").strip() if path else None
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}
