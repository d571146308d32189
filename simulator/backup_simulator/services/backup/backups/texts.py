"""The words of failed backup jobs, as AWS writes them, and the table of all that AWS documents about them.

Sources: the Developer Guide's dashboards page ("reasons for problematic jobs"), its examples of events and users'
reports. Those marked *assumed* have no public source.
"""

from __future__ import annotations

from ..copies import texts as copy_texts
from ..copies.texts import Documented

NO_VAULT = "Backup job failed because backup vault {vault} does not exist."
NO_RESOURCE = "Could not find resource {resource}"
NO_RESOURCE_OF = {
    "EBS": "The specified volume was not found.",
    "DynamoDB": "Table not found.",
    "VirtualMachine": "The virtual machine is not found.",
}
"""How the services behind three types say that a resource is not there; the others have the general text."""
POWERLESS = "IAM Role {role} does not have sufficient permissions to execute the backup."
HIDDEN = (
    "Your backup job failed as AWS Backup does not have permission to describe resource {resource}. "
    "Please review your IAM policies to ensure AWS Backup can protect your resources."
)
UNVERSIONED = "Customer credential miss permission to get bucket versioning for bucket."
BUSY = "Backup job failed because there was a running job for the same resource."
EXPIRED = "Backup job expired before completion."
STOPPED = "Backup job was stopped by user."

# ours: what a parent says whose nested jobs vanished without a trace (an ordered outcome)
VANISHED = "Backup job failed. A nested backup job is gone."

# assumed, the first after the words of the copy job
OUT_OF_LOCK = (
    "Backup job failed. The retention specified in the job is not within the range specified for the target "
    "Backup Vault."
)
WRONG_KIND = "Backup job failed because backup vault {vault} is not of the type that the job asks for."

WINDOW = "could not start because it is either inside or too close to the {} window configured"

DOCUMENTED: tuple[Documented, ...] = (
    Documented(
        "vault missing",
        "RESOURCE_NOT_FOUND",
        "Backup job failed because backup vault ",
        "vault missing",
        fragment=True,
    ),
    Documented("volume missing", "RESOURCE_NOT_FOUND", NO_RESOURCE_OF["EBS"], "resource missing"),
    Documented("table missing", "RESOURCE_NOT_FOUND", NO_RESOURCE_OF["DynamoDB"], "resource missing"),
    Documented("machine missing", "RESOURCE_NOT_FOUND", NO_RESOURCE_OF["VirtualMachine"], "resource missing"),
    Documented("resource missing", "RESOURCE_NOT_FOUND", "Could not find resource", "resource missing", fragment=True),
    Documented(
        "role lacks permission",
        "ACCESS_DENIED",
        "does not have sufficient permissions to execute the backup.",
        "role lacks permission",
        fragment=True,
    ),
    Documented(
        "bucket hidden",
        "ACCESS_DENIED",
        "Your backup job failed as AWS Backup does not have permission to describe resource ",
        "role lacks permission",
        fragment=True,
    ),
    Documented("versioning hidden", "ACCESS_DENIED", UNVERSIONED, "role lacks permission"),
    Documented("key state", "KMS_KEY_ERROR", copy_texts.KEY_STATE, "key unusable"),
    Documented("too many tags", "LIMIT_EXCEEDED", copy_texts.TOO_MANY_TAGS, "too many tags"),
    Documented("running job", "CONCURRENT_JOB", BUSY, "start window over", ending="EXPIRED"),
    Documented("expired", "JOB_EXPIRED", EXPIRED, "completion window over", ending="EXPIRED"),
    Documented("stopped", "MISCELLANEOUS", STOPPED, "stopped", ending="ABORTED"),
    Documented(
        "VSS: invalid state",
        "VSS_ERROR",
        "Windows VSS Backup attempt failed because either Instance or SSM Agent has invalid state or "
        "insufficient privileges.",
        ending="COMPLETED",
    ),
    Documented(
        "VSS: privileges",
        "VSS_ERROR",
        "Windows VSS Backup attempt failed because of insufficient privileges to perform this operation",
        ending="COMPLETED",
    ),
    Documented(
        "VSS: agent",
        "VSS_ERROR",
        "Windows VSS Backup attempt failed because ec2-vss-agent.exe is not installed in the Instance",
        ending="COMPLETED",
    ),
    Documented(
        "VSS: error",
        "VSS_ERROR",
        "Windows VSS Backup Job Error encountered, trying for regular backup",
        ending="COMPLETED",
    ),
    Documented(
        "VSS: timeout",
        "VSS_ERROR",
        "Windows VSS Backup attempt failed because of timeout on VSS enabled snapshot creation",
        ending="COMPLETED",
    ),
    Documented(
        "VSS: version",
        "VSS_ERROR",
        "Windows VSS Backup attempt failed because of unsupported Windows Server version. Supported Versions are "
        "Windows Server 2012 or later.",
        ending="COMPLETED",
    ),
    Documented(
        "images throttled",
        "LIMIT_EXCEEDED",
        "Image creation throttled due to maximum number of concurrent snapshots on an EBS volume.",
    ),
    Documented(
        "Timestream quota",
        "LIMIT_EXCEEDED",
        "You have reached the maximum supported backups for your account/database. See Quotas in the Timestream "
        "developer guide for additional information.",
    ),
    Documented(
        "network interfaces",
        "LIMIT_EXCEEDED",
        "Your backup succeeded, but we were unable to persist NetworkInterfaces metadata as its size exceeded our "
        "internal limits.",
        ending="COMPLETED",
    ),
    Documented("maintenance window", "INVALID_STATE", WINDOW.format("weekly maintenance"), fragment=True),
    Documented("backup window", "INVALID_STATE", WINDOW.format("automated backup"), fragment=True),
    Documented("subscription", "ACCESS_KEY_ERROR", "The AWS Access Key Id needs a subscription for the service"),
    Documented(
        "hypervisor offline",
        "HYPERVISOR_OFFLINE",
        "This operation is not valid for the specified hypervisor because it is not online",
    ),
    Documented(
        "hypervisor without snapshots",
        "UNSUPPORTED_OPERATION",
        "CreateSnapshot method not supported on hypervisor during snapshot creation. Aborted backup job",
    ),
    Documented("fatal error", "FATAL_ERROR", "Backup job encountered a fatal error", fragment=True),
)
