# SPDX-License-Identifier: Apache-2.0
"""Exports of archive packages that were asked for."""

from alembic import op
import sqlalchemy as sa

from storage.database.types import UtcDateTime


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('package_exports',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('unit_id', sa.String(length=64), nullable=False),
    sa.Column('requested_by', sa.String(length=64), nullable=False),
    sa.Column('requested_at', UtcDateTime(), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('wanted', sa.JSON(), nullable=False),
    sa.Column('order', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('package', sa.String(length=300), nullable=True),
    sa.Column('failure_code', sa.String(length=60), nullable=True),
    sa.Column('failure', sa.Text(), nullable=True),
    sa.Column('finished_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_package_exports_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_package_exports'))
    )
    with op.batch_alter_table('package_exports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_package_exports_unit_id_requested_at'), ['unit_id', 'requested_at'], unique=False)


def downgrade() -> None:
    op.drop_table('package_exports')
