ALTER TABLE `events` ADD `calls` text;--> statement-breakpoint
CREATE VIEW `calls` AS
WITH `told` AS (
	SELECT `events`.`project`, `events`.`job_id`, `call`.`value` AS `call`,
		row_number() OVER (
			PARTITION BY `events`.`project`, `events`.`job_id`, `call`.`value` ->> 'attempt_key'
			ORDER BY `events`.`last_seq` DESC, `events`.`first_seq`
		) AS `age`
	FROM `events`, json_each(`events`.`calls`) AS `call`
)
SELECT `told`.`project`, `told`.`job_id`, `call` ->> 'attempt_key' AS `attempt_key`, `jobs`.`pipeline`, `jobs`.`version`,
	`call` ->> 'step' AS `step`, `call` ->> 'item' AS `item`, `call` ->> 'attempt' AS `attempt`,
	`call` ->> 'provider' AS `provider`, `call` ->> 'model' AS `model`,
	`call` ->> 'returned_model' AS `returned_model`, `call` ->> 'outcome' AS `outcome`,
	`call` ->> 'failure_class' AS `failure_class`, `call` ->> 'started_at' AS `started_at`,
	`call` ->> 'latency_ms' AS `latency_ms`, `call` ->> 'cost_nano_usd' AS `cost_nano_usd`,
	`call` -> 'usage' AS `usage`, `call` ->> 'request_sha256' AS `request_sha256`,
	`call` ->> 'code_version' AS `code_version`, `call` ->> 'price_version' AS `price_version`,
	`call` ->> 'provider_request_id' AS `provider_request_id`
FROM `told` JOIN `jobs` ON `jobs`.`project` = `told`.`project` AND `jobs`.`id` = `told`.`job_id`
WHERE `age` = 1
UNION ALL
SELECT `project`, `job_id`, `attempt_key`, `pipeline`, `version`, `step`, `item`, `attempt`, `provider`, `model`,
	`returned_model`, `outcome`, `failure_class`, `started_at`, `latency_ms`, `cost_nano_usd`, `usage`,
	`request_sha256`, `code_version`, `price_version`, `provider_request_id`
FROM `model_calls`;
