CREATE TABLE `files` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`name` text,
	`mime_type` text,
	`bytes` integer,
	`sha256` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`idempotency_key` text,
	`created_by` text NOT NULL,
	PRIMARY KEY(`project`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `files_idempotency_key` ON `files` (`project`,`idempotency_key`) WHERE idempotency_key IS NOT NULL;--> statement-breakpoint
CREATE INDEX `files_expiry` ON `files` (`expires_at`);