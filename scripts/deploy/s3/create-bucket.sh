#!/bin/sh
# Makes the bucket of an installation, as `zoomguard doctor storage` wants it.
# Needs the aws CLI and the rights of an administrator; writes the service's own
# policy to standard output, to be attached to its role or user.
#
#   create-bucket.sh --bucket NAME --region REGION --service-arn ARN
#                    --environment production|sandbox
#                    [--kms-key-arn ARN] [--endpoint-url URL]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }
refuse() { usage >&2; exit 2; }
say() { echo "$*" >&2; }

bucket='' region='' environment='' service='' key='' endpoint=''
while [ $# -gt 0 ]; do
    case $1 in -h | --help) usage; exit 0 ;; esac
    [ $# -gt 1 ] || refuse
    case $1 in
        --bucket) bucket=$2 ;;
        --region) region=$2 ;;
        --environment) environment=$2 ;;
        --service-arn) service=$2 ;;
        --kms-key-arn) key=$2 ;;
        --endpoint-url) endpoint=$2 ;;
        *) refuse ;;
    esac
    shift 2
done
[ -n "$bucket" ] && [ -n "$region" ] && [ -n "$service" ] || refuse
case $environment in production | sandbox) ;; *) refuse ;; esac
# They go into JSON as they are.
case $bucket$region$service$key in *[!A-Za-z0-9.:/_+=,@-]*) say "A name holds a character that none may have."; exit 2 ;; esac

s3() {
    command=$1
    shift
    aws ${endpoint:+--endpoint-url "$endpoint"} --region "$region" s3api "$command" --bucket "$bucket" "$@"
}
filled() { sed "s|@BUCKET@|$bucket|g; s|@SERVICE_ARN@|$service|g; s|@KMS_KEY_ARN@|$key|g" "$here/$1"; }

if s3 head-bucket >/dev/null 2>&1; then
    say "There is a bucket $bucket already. Nothing was changed; take another name."
    exit 1
fi

say "Making $bucket in $region with versions and Object Lock ..."
if [ "$region" = us-east-1 ]; then # the one region that may not be named
    s3 create-bucket --object-lock-enabled-for-bucket >/dev/null
else
    s3 create-bucket --object-lock-enabled-for-bucket \
        --create-bucket-configuration "LocationConstraint=$region" >/dev/null
fi
s3 put-public-access-block --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
s3 put-bucket-versioning --versioning-configuration Status=Enabled
# A day for whatever comes without a lock: longer than the archive needs to put its own on.
s3 put-object-lock-configuration --object-lock-configuration \
    'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=GOVERNANCE,Days=1}}'
if [ -n "$key" ]; then
    algorithm="{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"$key\"}"
else
    algorithm='{"SSEAlgorithm":"AES256"}'
fi
s3 put-bucket-encryption --server-side-encryption-configuration \
    "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":$algorithm,\"BucketKeyEnabled\":true}]}"
# What `doctor storage` had to leave goes when its lock ends. Evidence is touched by no rule.
s3 put-bucket-lifecycle-configuration --lifecycle-configuration '{"Rules":[
    {"ID":"probes","Status":"Enabled","Filter":{"Prefix":"v1-probe/"},"Expiration":{"Days":1},
     "NoncurrentVersionExpiration":{"NoncurrentDays":1}},
    {"ID":"unfinished-uploads","Status":"Enabled","Filter":{"Prefix":""},
     "AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}}]}' >/dev/null
s3 put-bucket-tagging --tagging "TagSet=[{Key=zg-environment,Value=$environment}]"
s3 put-bucket-policy --policy "$(filled bucket-policy.json)"

say "Made. Attach what follows to $service, then run: zoomguard doctor storage"
if [ -z "$key" ]; then
    filled service-policy.json
else # one document: the statement about the key goes behind the others
    filled service-policy.json | sed '$d' | sed '$d'
    echo "    ,"
    filled service-kms-policy.json | sed -n '/^    {/,$p'
fi
