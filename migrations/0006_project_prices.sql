CREATE TABLE `project_prices` (
	`project` text NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`execution` text NOT NULL,
	`effective_from` integer NOT NULL,
	`effective_to` integer,
	`id` text NOT NULL,
	`prices` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	PRIMARY KEY(`project`, `provider`, `model`, `execution`, `effective_from`)
) WITHOUT ROWID;
