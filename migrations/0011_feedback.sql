CREATE TABLE `feedback` (
	`project` text NOT NULL,
	`job_id` text NOT NULL,
	`id` text NOT NULL,
	`pipeline` text NOT NULL,
	`version` integer NOT NULL,
	`step` text,
	`score` real,
	`label` text,
	`comment` text,
	`user` text,
	`personal_until` integer,
	`models` text NOT NULL,
	`prompts` text NOT NULL,
	`by` text NOT NULL,
	`at` integer NOT NULL,
	`body_sha256` text NOT NULL,
	PRIMARY KEY(`project`, `job_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `feedback_at` ON `feedback` (`project`,`at`);--> statement-breakpoint
CREATE INDEX `feedback_personal` ON `feedback` (`personal_until`) WHERE personal_until IS NOT NULL;