CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `api_keys_project` ON `api_keys` (`project`,`id`);--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`queue` text NOT NULL,
	`project` text,
	`job_id` text,
	`reason` text NOT NULL,
	`summary` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `events` (
	`project` text NOT NULL,
	`job_id` text NOT NULL,
	`first_seq` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`project`, `job_id`, `first_seq`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `job_tags` (
	`project` text NOT NULL,
	`tag` text NOT NULL,
	`job_id` text NOT NULL,
	PRIMARY KEY(`project`, `tag`, `job_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `jobs` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`pipeline` text NOT NULL,
	`version` integer NOT NULL,
	`status` text NOT NULL,
	`reason_code` text,
	`seq` integer NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`expires_at` integer,
	`cost_nano_usd` integer NOT NULL,
	`unpriced_attempts` integer NOT NULL,
	`tags` text NOT NULL,
	`metadata` text NOT NULL,
	`request_id` text NOT NULL,
	`trace_id` text NOT NULL,
	PRIMARY KEY(`project`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `jobs_not_succeeded` ON `jobs` (`project`,`status`,`id`) WHERE status <> 'succeeded';--> statement-breakpoint
CREATE TABLE `known_shards` (
	`project` text NOT NULL,
	`shard` integer NOT NULL,
	PRIMARY KEY(`project`, `shard`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `model_calls` (
	`project` text NOT NULL,
	`job_id` text NOT NULL,
	`attempt_key` text NOT NULL,
	`pipeline` text NOT NULL,
	`version` integer NOT NULL,
	`step` text NOT NULL,
	`item` integer,
	`attempt` integer NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`returned_model` text,
	`outcome` text NOT NULL,
	`failure_class` text,
	`started_at` integer NOT NULL,
	`latency_ms` integer,
	`cost_nano_usd` integer,
	`usage` text NOT NULL,
	`request_sha256` text,
	`code_version` integer,
	`price_version` text,
	`provider_request_id` text,
	PRIMARY KEY(`project`, `job_id`, `attempt_key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `pipeline_versions` (
	`project` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`hash` text NOT NULL,
	`definition` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	PRIMARY KEY(`project`, `name`, `version`)
);
--> statement-breakpoint
CREATE TABLE `projects` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tombstones` (
	`job_id` text PRIMARY KEY NOT NULL,
	`deleted_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `projects` (`id`, `name`, `created_at`) VALUES ('prj_default', 'default', 0);
