# SPDX-License-Identifier: Apache-2.0
"""Papers whose signature profile wants the person's check before the signature."""

from alembic import op
import sqlalchemy as sa

from storage.database.types import UtcDateTime


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('documents', schema=None) as batch_op:
        batch_op.add_column(sa.Column('check_first', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('checked_at', UtcDateTime(), nullable=True))
    with op.batch_alter_table('documents', schema=None) as batch_op:
        batch_op.alter_column('check_first', server_default=None, existing_type=sa.Boolean(), existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table('documents', schema=None) as batch_op:
        batch_op.drop_column('checked_at')
        batch_op.drop_column('check_first')
