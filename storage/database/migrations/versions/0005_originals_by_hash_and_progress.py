# SPDX-License-Identifier: Apache-2.0
"""Documents found by the hash of their original; how far upkeep work has come."""

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('progress',
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_progress'))
    )
    with op.batch_alter_table('documents', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('original_sha256', sa.String(length=64), nullable=False, server_default='')
        )
    documents = sa.table(
        'documents', sa.column('original', sa.JSON()), sa.column('original_sha256', sa.String())
    )
    op.execute(
        documents.update().values(original_sha256=documents.c.original['sha256'].as_string())
    )
    with op.batch_alter_table('documents', schema=None) as batch_op:
        batch_op.alter_column('original_sha256', server_default=None)
        batch_op.create_index(
            batch_op.f('ix_documents_original_sha256'), ['original_sha256'], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table('documents', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_documents_original_sha256'))
        batch_op.drop_column('original_sha256')
    op.drop_table('progress')
