CREATE TABLE `budgets` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`scope_kind` text NOT NULL,
	`scope_value` text NOT NULL,
	`period` text NOT NULL,
	`limit_nano_usd` integer NOT NULL,
	`is_hard` integer NOT NULL,
	`on_exceed` text NOT NULL,
	`warn_at` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `budgets_scope` ON `budgets` (`project`,`scope_kind`,`scope_value`,`period`);