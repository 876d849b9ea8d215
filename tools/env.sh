#!/bin/sh
# Writes what the stack asks for and nobody may guess: .env with fresh secrets, sources.env for the source systems'
# addresses and secrets, and the folder that forms and tables are dropped into. Never overwrites a secret, never shows one.
# Usage: tools/env.sh [FOLDER], by default the project's.
set -eu
dir=${1:-$(dirname "$0")/..}
cd "$dir"
if [ -e .env ]; then
  echo ".env is there already: its secrets are in use, so they stay. To make new ones, see docs/STACK.md." >&2
  exit 1
fi
umask 077
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# A file that appears whole or not at all.
trap 'rm -f .env.new' EXIT
cat >.env.new <<EOF
# Secrets and settings of docker-compose.yml, read by it alone. Made by tools/env.sh; keep it out of every backup that others read.

# ClickHouse: who makes tables, who reads and writes rows, who reads views (schema/server/users.xml).
TIENDO_DB_MIGRATOR_PASSWORD=$(secret)
TIENDO_DB_WRITER_PASSWORD=$(secret)
TIENDO_DB_BOARDS_PASSWORD=$(secret)

# Grafana: the first password of its user "admin", and the key that what it keeps secret is encrypted with.
GRAFANA_ADMIN_PASSWORD=$(secret)
GRAFANA_SECRET_KEY=$(secret)

# Addresses as people reach them: links in alerts and pages are made of these.
TIENDO_SITE_URL=http://localhost:8080
TIENDO_BOARDS_URL=http://localhost:3000

# On which address of this machine they listen. Beyond 127.0.0.1 only behind a proxy with TLS that asks who comes.
TIENDO_SITE_BIND=127.0.0.1
TIENDO_BOARDS_BIND=127.0.0.1

# Whether the pages are shown only to those who have signed in, and the networks of proxies whose X-Forwarded-For is believed
# (docs/STACK.md).
TIENDO_REQUIRE_LOGIN=false
TIENDO_TRUST_PROXY=127.0.0.0/8

# Alerts: the mail server (with or without TLS), who the mail comes from, and a webhook of the province's own messenger. User and
# password are left empty where the mail server asks for none.
TIENDO_SMTP_HOST=localhost:25
TIENDO_SMTP_REQUIRE_TLS=true
TIENDO_SMTP_USER=
TIENDO_SMTP_PASSWORD=
TIENDO_MAIL_FROM=tiendo@localhost
TIENDO_ALERT_WEBHOOK=http://localhost:9099/
EOF
chmod 600 .env.new
mv .env.new .env

if [ ! -e sources.env ]; then
  cat >sources.env <<'EOF'
# Addresses and secrets of the source systems, given to tiendo alone: take the # away and fill in; 'single quotes' around a value
# keep its $ and # as they are. `docker compose run --rm tiendo check` says which are missing. A source without an address is left out.

# Online public services: dossiers, procedure catalogue
#TIENDO_DVC_URL=
#TIENDO_DVC_USERNAME=
#TIENDO_DVC_PASSWORD=

# National portal: statistics, 766 scores
#TIENDO_PORTAL_URL=

# Provincial one-stop: statistics
#TIENDO_ONESTOP_URL=
#TIENDO_ONESTOP_CLIENT_ID=
#TIENDO_ONESTOP_CLIENT_SECRET=

# Document exchange axis
#TIENDO_EDOC_URL=
#TIENDO_EDOC_SYSTEMID=
#TIENDO_EDOC_SECRET=

# Document management: signed documents, work files
#TIENDO_QLVB_URL=
#TIENDO_QLVB_API_KEY=

# Payment platform: dossier fees
#TIENDO_PAY_URL=
#TIENDO_PAY_CLIENT_ID=
#TIENDO_PAY_CLIENT_SECRET=
EOF
fi

umask 022
for source in forms hospital-fees tuition payment-accounts; do
  mkdir -p "drop/$source"
done
echo "Wrote .env (secrets, for you alone), sources.env and drop/."
