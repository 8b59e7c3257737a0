# SPDX-License-Identifier: Apache-2.0
"""Legal holds, and destructions by two people."""

from alembic import op
import sqlalchemy as sa

from storage.database.types import UtcDateTime


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('legal_holds',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('document_id', sa.String(length=64), nullable=False),
    sa.Column('unit_id', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('placed_by', sa.String(length=64), nullable=False),
    sa.Column('placed_at', UtcDateTime(), nullable=False),
    sa.Column('released_by', sa.String(length=64), nullable=True),
    sa.Column('released_at', UtcDateTime(), nullable=True),
    sa.Column('release_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['document_id'], ['documents.id'], name=op.f('fk_legal_holds_document_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_legal_holds_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legal_holds'))
    )
    with op.batch_alter_table('legal_holds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_legal_holds_document_id'), ['document_id'], unique=False)

    op.create_table('destructions',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('document_id', sa.String(length=64), nullable=False),
    sa.Column('unit_id', sa.String(length=64), nullable=False),
    sa.Column('basis', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('requested_by', sa.String(length=64), nullable=False),
    sa.Column('requested_at', UtcDateTime(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.Column('decision_reason', sa.Text(), nullable=True),
    sa.Column('waits_until', UtcDateTime(), nullable=True),
    sa.Column('done_at', UtcDateTime(), nullable=True),
    sa.Column('objects', sa.JSON(), nullable=False),
    sa.CheckConstraint('decided_by <> requested_by', name=op.f('ck_destructions_two_people')),
    sa.ForeignKeyConstraint(['document_id'], ['documents.id'], name=op.f('fk_destructions_document_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_destructions_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_destructions'))
    )
    with op.batch_alter_table('destructions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_destructions_document_id'), ['document_id'], unique=False)


def downgrade() -> None:
    op.drop_table('destructions')
    op.drop_table('legal_holds')
