CREATE TABLE `metric_facts` (
	`project` text NOT NULL,
	`minute` integer NOT NULL,
	`batch` text NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`project`, `minute`, `batch`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `metric_marks` (
	`grain` text NOT NULL,
	`at` integer NOT NULL,
	`project` text NOT NULL,
	PRIMARY KEY(`grain`, `at`, `project`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `metric_rollups` (
	`project` text NOT NULL,
	`grain` text NOT NULL,
	`at` integer NOT NULL,
	`sources` integer NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`project`, `grain`, `at`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `metric_runs` (
	`id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`body` text NOT NULL
) WITHOUT ROWID;
