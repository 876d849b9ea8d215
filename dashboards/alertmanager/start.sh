#!/bin/sh
# Starts Alertmanager in its container. Alertmanager reads no environment, so the mail server, the sender and the webhook are
# written into a copy of the configuration, in memory; the checked-in one keeps harmless ones. Arguments go to Alertmanager.
# For tests: CONFIG is the folder of the configuration, RUN the folder of the copy, ALERTMANAGER the program.
set -eu
config=${CONFIG:-/etc/alertmanager}
run=${RUN:-/run/alertmanager}
umask 077

# quoted makes a text fit for the right side of sed's s|…|…|.
quoted() { printf '%s' "$1" | sed 's/[\\&|]/\\&/g'; }

cp -R "$config/templates" "$run/"
sed -e "s|localhost:25|$(quoted "${TIENDO_SMTP_HOST:-localhost:25}")|" \
  -e "s|tiendo@localhost|$(quoted "${TIENDO_MAIL_FROM:-tiendo@localhost}")|" \
  -e "s|smtp_require_tls: true|smtp_require_tls: $(quoted "${TIENDO_SMTP_REQUIRE_TLS:-true}")|" \
  -e "s|http://localhost:9099/|$(quoted "${TIENDO_ALERT_WEBHOOK:-http://localhost:9099/}")|" \
  "$config/alertmanager.yml" >"$run/alertmanager.yml"
if [ -n "${TIENDO_SMTP_USER:-}" ]; then
  printf '%s' "${TIENDO_SMTP_PASSWORD:-}" >"$run/smtp-password"
  sed -i "s|^\( *\)smtp_smarthost:.*|&\\
\1smtp_auth_username: '$(quoted "$TIENDO_SMTP_USER")'\\
\1smtp_auth_password_file: $(quoted "$run/smtp-password")|" "$run/alertmanager.yml"
fi
exec "${ALERTMANAGER:-/bin/alertmanager}" --config.file="$run/alertmanager.yml" "$@"
