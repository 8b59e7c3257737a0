# SPDX-License-Identifier: Apache-2.0
"""Archive time stamps that end, and signatures that wait for a clerk's token."""

from alembic import op
import sqlalchemy as sa

from storage.database.types import UtcDateTime


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('signed_copies', schema=None) as batch_op:
        batch_op.add_column(sa.Column('stamp_ends', UtcDateTime(), nullable=True))

    op.create_table('signing_requests',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('unit_id', sa.String(length=64), nullable=False),
    sa.Column('station_id', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('profile', sa.String(length=40), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('certificates', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['station_id'], ['stations.id'], name=op.f('fk_signing_requests_station_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_signing_requests_unit_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_signing_requests_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signing_requests'))
    )
    with op.batch_alter_table('signing_requests', schema=None) as batch_op:
        batch_op.create_index('ix_signing_requests_station_state', ['station_id', 'state'], unique=False)
        batch_op.create_index('ix_signing_requests_user_state', ['user_id', 'state'], unique=False)

    op.create_table('signing_items',
    sa.Column('request_id', sa.String(length=64), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('document_id', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('increment', sa.LargeBinary(), nullable=True),
    sa.Column('preparation', sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(['document_id'], ['documents.id'], name=op.f('fk_signing_items_document_id')),
    sa.ForeignKeyConstraint(['request_id'], ['signing_requests.id'], name=op.f('fk_signing_items_request_id')),
    sa.PrimaryKeyConstraint('request_id', 'position', name=op.f('pk_signing_items'))
    )
    with op.batch_alter_table('signing_items', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_signing_items_document_id'), ['document_id'], unique=False)


def downgrade() -> None:
    op.drop_table('signing_items')
    op.drop_table('signing_requests')
    with op.batch_alter_table('signed_copies', schema=None) as batch_op:
        batch_op.drop_column('stamp_ends')
