PYTHON ?= python3
PORT ?= 3000
AWS_PORT ?= 4566
SAM_LOCAL_PORT ?= 3001
ENV ?= dev
CHANGE_SET ?=
STACK ?=
AUTH_MODE ?= open
WEBHOOK_URL ?=
ADMIN ?=
REPAIR ?=
WAIT ?=
UPGRADE ?=
AT ?=
AFTER ?=
HEIC ?= 1
SLOW ?=
BURST ?= 0
COLD ?=
ONLY ?=
NAME ?=
FROM ?=
TO ?=
MANIFEST ?=
FORMAT ?=
VISIBILITY ?=
TAGS ?=
AT_ONCE ?=
PER_MINUTE ?=
ALLOW_HOST ?=
PROFILE ?=
ENDPOINT ?=
KEEP_IDS ?=
TRY ?=

ENVIRONMENTS = @$(PYTHON) -m local.bootstrap
DEV = .local/env/dev/bin
SAM = .local/env/sam/bin
# USER is also the login name in the environment of a shell, and that is no user of the service.
NAMED_USER = $(if $(filter command,$(origin USER)),$(USER))
COMPILE = .local/env/uv/bin/uv pip compile --quiet $(UPGRADE) --generate-hashes --no-header --no-annotate --python .local/env/python/bin/python

.DEFAULT_GOAL := help
.PHONY: help start sam-local test coverage lint format docs reset token password trail erase erase-again redrive check-consistency restore-tables restore-objects delete-newer connect import export rotate-origin-secret verify-aws smoke pins upgrade sbom audit deploy prepare execute

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

start: ## Run the service and an emulated AWS on this machine (PORT, AWS_PORT, AUTH_MODE=open or jwt, WEBHOOK_URL)
	$(ENVIRONMENTS) sam ministack python
	@$(SAM)/python -m local start --port $(PORT) --aws-port $(AWS_PORT) --auth-mode $(AUTH_MODE) \
		--webhook-url "$(WEBHOOK_URL)"

sam-local: ## Run the API in Docker with `sam local` beside a running `make start` (SAM_LOCAL_PORT, AWS_PORT)
	$(ENVIRONMENTS) sam python
	@$(SAM)/python -m local sam-local --port $(SAM_LOCAL_PORT) --aws-port $(AWS_PORT)

test: ## Run every test: tests/unit, tests/system, and tests/e2e with stacks of its own
	$(ENVIRONMENTS) dev sam ministack python
	@$(DEV)/python -m pytest tests/unit --numprocesses auto
	@$(DEV)/python -m pytest tests/system --numprocesses auto
	@$(DEV)/python -m pytest tests/e2e --numprocesses 2 --dist loadfile # each process has a stack

coverage: ## Show the code that no unit test reaches
	$(ENVIRONMENTS) dev
	@$(DEV)/python -m pytest tests/unit --numprocesses auto --cov

lint: ## Find mistakes in style, types, imports, licenses and the template
	$(ENVIRONMENTS) dev sam python
	@$(DEV)/ruff check .
	@$(DEV)/ruff format --check .
	@$(DEV)/mypy
	@PYTHONPATH=src:. $(DEV)/lint-imports --no-logo
	@PYTHONPATH=src $(DEV)/python -m operations licenses
	@$(DEV)/python -m tests.support.page_types
	@$(SAM)/cfn-lint template.yaml
	@SAM_CLI_TELEMETRY=0 $(SAM)/sam validate --lint

format: ## Format the code
	$(ENVIRONMENTS) dev
	@$(DEV)/ruff check --fix .
	@$(DEV)/ruff format .

docs: ## Update the tables of the docs from the code
	$(ENVIRONMENTS) dev sam ministack python
	@PYTHONPATH=src:. $(DEV)/python -m tests.support.documents

reset: ## Delete the data of the local stack (AWS_PORT)
	@$(PYTHON) -m local.reset $(AWS_PORT)

token: ## Print a token for USER; with ADMIN=1, USER becomes an admin (AWS_PORT, or STACK=images-dev on AWS)
	$(ENVIRONMENTS) dev >&2
	@PYTHONPATH=src $(DEV)/python -m operations token --aws-port $(AWS_PORT) --stack "$(STACK)" $(if $(ADMIN),--admin) "$(NAMED_USER)"

password: ## Print a new password of USER, who signs in on the web page with it (AWS_PORT, or STACK=images-dev on AWS)
	$(ENVIRONMENTS) dev >&2
	@PYTHONPATH=src $(DEV)/python -m operations password --aws-port $(AWS_PORT) --stack "$(STACK)" "$(NAMED_USER)"

trail: ## Print the hash of USER in the logs, and a query for it (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev >&2
	@PYTHONPATH=src $(DEV)/python -m operations trail --aws-port $(AWS_PORT) --stack "$(STACK)" "$(NAMED_USER)"

erase: ## Delete everything of USER, and take nothing new; WAIT=1 prints how far it is (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations erase --aws-port $(AWS_PORT) --stack "$(STACK)" $(if $(WAIT),--wait) "$(NAMED_USER)"

erase-again: ## Erase again whom a restored table has brought back (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations erase-again --aws-port $(AWS_PORT) --stack "$(STACK)"

redrive: ## Send the events of the failure queue again (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations redrive --aws-port $(AWS_PORT) --stack "$(STACK)"

check-consistency: ## Check that tables and bucket agree; REPAIR=1 repairs what does not (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations check-consistency --aws-port $(AWS_PORT) --stack "$(STACK)" $(if $(REPAIR),--repair)

restore-tables: ## Restore the tables as they were AT=2026-11-27T10:00:00Z, into new ones (STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations restore-tables --aws-port $(AWS_PORT) --stack "$(STACK)" --at "$(AT)"

restore-objects: ## Bring back the objects that were there AT=2026-11-27T10:00:00Z; AFTER=key goes on (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations restore-objects --aws-port $(AWS_PORT) --stack "$(STACK)" --at "$(AT)" --after "$(AFTER)"

delete-newer: ## After a restore, delete what is in the images table OLD=name alone (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations delete-newer --aws-port $(AWS_PORT) --stack "$(STACK)" --old "$(OLD)"

connect: ## Connect a kept bucket to its stack: events, lifecycle rules, CORS rules (AWS_PORT, or STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations connect --aws-port $(AWS_PORT) --stack "$(STACK)"

import: ## Import images from FROM (a folder, s3://, https://) or MANIFEST under NAME; TRY=1 writes nothing (docs/moving.md)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations import --aws-port $(AWS_PORT) --stack "$(STACK)" --name "$(NAME)" \
		$(if $(FROM),--from "$(FROM)") $(if $(MANIFEST),--manifest "$(MANIFEST)") $(if $(FORMAT),--format "$(FORMAT)") \
		$(if $(NAMED_USER),--user "$(NAMED_USER)") $(if $(VISIBILITY),--visibility "$(VISIBILITY)") $(if $(TAGS),--tags "$(TAGS)") \
		$(if $(AT_ONCE),--at-once "$(AT_ONCE)") $(if $(PER_MINUTE),--per-minute "$(PER_MINUTE)") \
		$(foreach host,$(ALLOW_HOST),--allow-host "$(host)") $(if $(PROFILE),--profile "$(PROFILE)") \
		$(if $(ENDPOINT),--endpoint "$(ENDPOINT)") $(if $(KEEP_IDS),--keep-ids) $(if $(TRY),--try)

export: ## Export all images, or those of USER, with their metadata to TO, a folder or s3:// (docs/moving.md)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations export --aws-port $(AWS_PORT) --stack "$(STACK)" --to "$(TO)" \
		$(if $(NAMED_USER),--user "$(NAMED_USER)") $(if $(AT_ONCE),--at-once "$(AT_ONCE)")

rotate-origin-secret: ## Change the secret between the CDN and the API (STACK=images-prod on AWS)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations rotate-origin-secret --aws-port $(AWS_PORT) --stack "$(STACK)"

verify-aws: ## Run what only AWS can prove against STACK; SLOW=1, COLD=1, BURST=1000, ONLY="id id" (without STACK: AWS_PORT)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations verify-aws --aws-port $(AWS_PORT) --stack "$(STACK)" \
		$(if $(SLOW),--slow) $(if $(COLD),--cold) --burst $(BURST) $(foreach id,$(ONLY),--only $(id))

smoke: ## Upload in every way, look, list and delete, and leave nothing (STACK=images-prod; without STACK: AWS_PORT)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations smoke --aws-port $(AWS_PORT) --stack "$(STACK)"

pins: ## Update the pins of every environment after a change of pyproject.toml, without upgrades; HEIC=0 leaves out HEIC
	$(ENVIRONMENTS) python
	@$(COMPILE) --group dev --extra heic pyproject.toml --output-file requirements-dev.txt
	@$(COMPILE) --constraint requirements-dev.txt $(if $(filter 1,$(HEIC)),--extra heic) pyproject.toml --output-file src/requirements.txt
	@for group in uv python audit sam ministack generators; do \
		$(COMPILE) --group $$group --output-file local/requirements-$$group.txt || exit 1; \
	done

upgrade: ## Upgrade the pins of every environment to the newest allowed versions
	@$(MAKE) pins UPGRADE=--upgrade

sbom: ## Write a bill of materials of what is shipped to sbom.cdx.json (CycloneDX)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations sbom sbom.cdx.json

audit: ## Look for known vulnerabilities of every pinned package, where the service can be reached
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations audit

deploy: ## Build, check and deploy to AWS with the credentials of your shell (ENV=dev or prod)
	$(ENVIRONMENTS) dev sam python
	@PYTHONPATH=src $(DEV)/python -m operations deploy --env $(ENV)

prepare: ## Build, check, and make a change set that somebody reads before it is executed (ENV=dev or prod)
	$(ENVIRONMENTS) dev sam python
	@PYTHONPATH=src $(DEV)/python -m operations prepare --env $(ENV)

execute: ## Execute the change set of `make prepare` (ENV=dev or prod, CHANGE_SET)
	$(ENVIRONMENTS) dev
	@PYTHONPATH=src $(DEV)/python -m operations execute --env $(ENV) "$(CHANGE_SET)"
