import type { CommandClass } from './command';
import { AboutCommand } from './commands/about-command';
import { CacheClearCommand } from './commands/cache-clear-command';
import { CacheForgetCommand } from './commands/cache-forget-command';
import { CacheGetCommand } from './commands/cache-get-command';
import { CacheLocksCommand } from './commands/cache-locks-command';
import { CachePruneCommand } from './commands/cache-prune-command';
import { CacheStatsCommand } from './commands/cache-stats-command';
import { CompletionCommand } from './commands/completion-command';
import { ConfigShowCommand } from './commands/config-show-command';
import { DbBackupCommand } from './commands/db-backup-command';
import { DbBackupsCommand } from './commands/db-backups-command';
import { DbCheckCommand } from './commands/db-check-command';
import { DbLitestreamCommand } from './commands/db-litestream-command';
import { DbMonitorCommand } from './commands/db-monitor-command';
import { DbOptimizeCommand } from './commands/db-optimize-command';
import { DbQueryCommand } from './commands/db-query-command';
import { DbRestoreCommand } from './commands/db-restore-command';
import { DbSeedCommand } from './commands/db-seed-command';
import { DbShowCommand } from './commands/db-show-command';
import { DbTableCommand } from './commands/db-table-command';
import { DbTypesCommand } from './commands/db-types-command';
import { DbWipeCommand } from './commands/db-wipe-command';
import { DevCommand } from './commands/dev-command';
import { DoctorCommand } from './commands/doctor-command';
import { DownCommand } from './commands/down-command';
import { EnvCommand } from './commands/env-command';
import { EventListCommand } from './commands/event-list-command';
import { HelpCommand } from './commands/help-command';
import { KeyGenerateCommand } from './commands/key-generate-command';
import { ListCommand } from './commands/list-command';
import {
  MakeEventCommand,
  MakeJobCommand,
  MakeMiddlewareCommand,
  MakeSeederCommand,
} from './commands/make-class-commands';
import { MakeCommandCommand } from './commands/make-command-command';
import { MakeControllerCommand } from './commands/make-controller-command';
import { MakeFactoryCommand } from './commands/make-factory-command';
import { MakeListenerCommand } from './commands/make-listener-command';
import { MakeMigrationCommand } from './commands/make-migration-command';
import { MakeProviderCommand } from './commands/make-provider-command';
import { MakeTestCommand } from './commands/make-test-command';
import { MakeViewCommand } from './commands/make-view-command';
import { MigrateCommand } from './commands/migrate-command';
import { MigrateFreshCommand } from './commands/migrate-fresh-command';
import { MigrateInstallCommand } from './commands/migrate-install-command';
import { MigrateRefreshCommand } from './commands/migrate-refresh-command';
import { MigrateResetCommand } from './commands/migrate-reset-command';
import { MigrateRollbackCommand } from './commands/migrate-rollback-command';
import { MigrateStatusCommand } from './commands/migrate-status-command';
import { QueueBatchCommand } from './commands/queue-batch-command';
import { QueueCancelCommand } from './commands/queue-cancel-command';
import { QueueClearCommand } from './commands/queue-clear-command';
import { QueueFailedCommand } from './commands/queue-failed-command';
import { QueueFlushCommand } from './commands/queue-flush-command';
import { QueueForgetCommand } from './commands/queue-forget-command';
import { QueueListenCommand } from './commands/queue-listen-command';
import { QueueMonitorCommand } from './commands/queue-monitor-command';
import { QueuePauseCommand } from './commands/queue-pause-command';
import { QueuePruneFailedCommand } from './commands/queue-prune-failed-command';
import { QueueRestartCommand } from './commands/queue-restart-command';
import { QueueResumeCommand } from './commands/queue-resume-command';
import { QueueRetryCommand } from './commands/queue-retry-command';
import { QueueShowCommand } from './commands/queue-show-command';
import { QueueStatusCommand } from './commands/queue-status-command';
import { QueueWorkCommand } from './commands/queue-work-command';
import { RouteListCommand } from './commands/route-list-command';
import { RouteTypesCommand } from './commands/route-types-command';
import { ScheduleListCommand } from './commands/schedule-list-command';
import { SchedulePauseCommand } from './commands/schedule-pause-command';
import { ScheduleResumeCommand } from './commands/schedule-resume-command';
import { ScheduleRunCommand } from './commands/schedule-run-command';
import { ScheduleTestCommand } from './commands/schedule-test-command';
import { ScheduleWorkCommand } from './commands/schedule-work-command';
import { ServeCommand } from './commands/serve-command';
import { SessionPruneCommand } from './commands/session-prune-command';
import { StubPublishCommand } from './commands/stub-publish-command';
import { TenantsBackupCommand } from './commands/tenants-backup-command';
import { TenantsBackupsCommand } from './commands/tenants-backups-command';
import { TenantsConfigCommand } from './commands/tenants-config-command';
import { TenantsCreateCommand } from './commands/tenants-create-command';
import { TenantsDeleteCommand } from './commands/tenants-delete-command';
import { TenantsDoctorCommand } from './commands/tenants-doctor-command';
import { TenantsDomainsCommand } from './commands/tenants-domains-command';
import { TenantsDownCommand } from './commands/tenants-down-command';
import { TenantsExportCommand } from './commands/tenants-export-command';
import { TenantsImportCommand } from './commands/tenants-import-command';
import { TenantsListCommand } from './commands/tenants-list-command';
import { TenantsMigrateCommand } from './commands/tenants-migrate-command';
import { TenantsMigrateStatusCommand } from './commands/tenants-migrate-status-command';
import { TenantsPurgeCommand } from './commands/tenants-purge-command';
import { TenantsQueueCommand } from './commands/tenants-queue-command';
import { TenantsQuotaCommand } from './commands/tenants-quota-command';
import { TenantsRenameCommand } from './commands/tenants-rename-command';
import { TenantsRestoreCommand } from './commands/tenants-restore-command';
import { TenantsResumeCommand } from './commands/tenants-resume-command';
import { TenantsRollbackCommand } from './commands/tenants-rollback-command';
import { TenantsRunCommand } from './commands/tenants-run-command';
import { TenantsSeedCommand } from './commands/tenants-seed-command';
import { TenantsShowCommand } from './commands/tenants-show-command';
import { TenantsStatsCommand } from './commands/tenants-stats-command';
import { TenantsSuspendCommand } from './commands/tenants-suspend-command';
import { TenantsUpCommand } from './commands/tenants-up-command';
import { TenantsWorkIndexRebuildCommand } from './commands/tenants-work-index-rebuild-command';
import { TestCommand } from './commands/test-command';
import { TinkerCommand } from './commands/tinker-command';
import { UpCommand } from './commands/up-command';
import { VersionCommand } from './commands/version-command';
import { ViewCheckCommand } from './commands/view-check-command';

/** The commands every application has. Their files load nothing heavy: `list` reads them all, and is to answer at once. */
export const builtInCommands: readonly CommandClass[] = [
  AboutCommand,
  CacheClearCommand,
  CacheForgetCommand,
  CacheGetCommand,
  CacheLocksCommand,
  CachePruneCommand,
  CacheStatsCommand,
  CompletionCommand,
  ConfigShowCommand,
  DbBackupCommand,
  DbBackupsCommand,
  DbCheckCommand,
  DbLitestreamCommand,
  DbMonitorCommand,
  DbOptimizeCommand,
  DbQueryCommand,
  DbRestoreCommand,
  DbSeedCommand,
  DbShowCommand,
  DbTableCommand,
  DbTypesCommand,
  DbWipeCommand,
  DevCommand,
  DoctorCommand,
  DownCommand,
  EnvCommand,
  EventListCommand,
  HelpCommand,
  KeyGenerateCommand,
  ListCommand,
  MakeCommandCommand,
  MakeControllerCommand,
  MakeEventCommand,
  MakeFactoryCommand,
  MakeJobCommand,
  MakeListenerCommand,
  MakeMiddlewareCommand,
  MakeMigrationCommand,
  MakeProviderCommand,
  MakeSeederCommand,
  MakeTestCommand,
  MakeViewCommand,
  MigrateCommand,
  MigrateFreshCommand,
  MigrateInstallCommand,
  MigrateRefreshCommand,
  MigrateResetCommand,
  MigrateRollbackCommand,
  MigrateStatusCommand,
  QueueBatchCommand,
  QueueCancelCommand,
  QueueClearCommand,
  QueueFailedCommand,
  QueueFlushCommand,
  QueueForgetCommand,
  QueueListenCommand,
  QueueMonitorCommand,
  QueuePauseCommand,
  QueuePruneFailedCommand,
  QueueRestartCommand,
  QueueResumeCommand,
  QueueRetryCommand,
  QueueShowCommand,
  QueueStatusCommand,
  QueueWorkCommand,
  RouteListCommand,
  RouteTypesCommand,
  ScheduleListCommand,
  SchedulePauseCommand,
  ScheduleResumeCommand,
  ScheduleRunCommand,
  ScheduleTestCommand,
  ScheduleWorkCommand,
  ServeCommand,
  SessionPruneCommand,
  StubPublishCommand,
  TenantsBackupCommand,
  TenantsBackupsCommand,
  TenantsConfigCommand,
  TenantsCreateCommand,
  TenantsDeleteCommand,
  TenantsDoctorCommand,
  TenantsDomainsCommand,
  TenantsDownCommand,
  TenantsExportCommand,
  TenantsImportCommand,
  TenantsListCommand,
  TenantsMigrateCommand,
  TenantsMigrateStatusCommand,
  TenantsPurgeCommand,
  TenantsQueueCommand,
  TenantsQuotaCommand,
  TenantsRenameCommand,
  TenantsRestoreCommand,
  TenantsResumeCommand,
  TenantsRollbackCommand,
  TenantsRunCommand,
  TenantsSeedCommand,
  TenantsShowCommand,
  TenantsStatsCommand,
  TenantsSuspendCommand,
  TenantsUpCommand,
  TenantsWorkIndexRebuildCommand,
  TestCommand,
  TinkerCommand,
  UpCommand,
  VersionCommand,
  ViewCheckCommand,
];
