# SPDX-License-Identifier: Apache-2.0
"""Scanning stations, their jobs, and the pages that wait to become Documents."""

from alembic import op
import sqlalchemy as sa

from storage.database.types import UtcDateTime


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('stations',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('unit_id', sa.String(length=64), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('code_sha256', sa.String(length=64), nullable=True),
    sa.Column('code_until', UtcDateTime(), nullable=True),
    sa.Column('code_tries', sa.Integer(), nullable=False),
    sa.Column('public_key', sa.String(length=64), nullable=True),
    sa.Column('paired_at', UtcDateTime(), nullable=True),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.Column('seen_at', UtcDateTime(), nullable=True),
    sa.Column('told', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_stations_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stations')),
    sa.UniqueConstraint('code_sha256', name=op.f('uq_stations_code_sha256'))
    )
    with op.batch_alter_table('stations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stations_unit_id'), ['unit_id'], unique=False)

    op.create_table('scan_jobs',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('station_id', sa.String(length=64), nullable=False),
    sa.Column('unit_id', sa.String(length=64), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('profile', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('order', sa.String(length=20), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('declared_sheets', sa.Integer(), nullable=True),
    sa.Column('batch_id', sa.String(length=64), nullable=True),
    sa.Column('scan_ids', sa.JSON(), nullable=False),
    sa.Column('changed_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['batches.id'], name=op.f('fk_scan_jobs_batch_id')),
    sa.ForeignKeyConstraint(['station_id'], ['stations.id'], name=op.f('fk_scan_jobs_station_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_scan_jobs_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scan_jobs'))
    )
    with op.batch_alter_table('scan_jobs', schema=None) as batch_op:
        batch_op.create_index('ix_scan_jobs_station_id_state', ['station_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_scan_jobs_unit_id'), ['unit_id'], unique=False)

    op.create_table('job_pages',
    sa.Column('job_id', sa.String(length=64), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('received_at', UtcDateTime(), nullable=False),
    sa.Column('sheet', sa.Integer(), nullable=False),
    sa.Column('side', sa.String(length=10), nullable=False),
    sa.Column('flags', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['job_id'], ['scan_jobs.id'], name=op.f('fk_job_pages_job_id')),
    sa.PrimaryKeyConstraint('job_id', 'seq', name=op.f('pk_job_pages'))
    )


def downgrade() -> None:
    op.drop_table('job_pages')
    with op.batch_alter_table('scan_jobs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scan_jobs_unit_id'))
        batch_op.drop_index('ix_scan_jobs_station_id_state')

    op.drop_table('scan_jobs')
    with op.batch_alter_table('stations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stations_unit_id'))

    op.drop_table('stations')
