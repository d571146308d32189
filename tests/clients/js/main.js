// A short tour of a simulated AWS with the AWS SDK for JavaScript: a third decoder of all three protocols.
//
// Credentials, Region and endpoint come from the environment. Prints one JSON object with what was seen; the test that
// starts it judges. ARNs of the destination vault, of the copy role and of a role in the destination are the arguments.
import { setTimeout } from "node:timers/promises";

import * as backup from "@aws-sdk/client-backup";
import { CreateAliasCommand, CreateKeyCommand, DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const [destination, role, reader, externalId] = process.argv.slice(2);
const elsewhere = destination.split(":")[3];
const PATIENCE = 30_000;

const source = new backup.BackupClient();
const sts = new STSClient();
const kms = new KMSClient();

async function callers() {
  const here = await sts.send(new GetCallerIdentityCommand());
  const { Credentials: found } = await sts.send(
    new AssumeRoleCommand({ RoleArn: reader, RoleSessionName: "from-js", ExternalId: externalId }),
  );
  const credentials = {
    accessKeyId: found.AccessKeyId,
    secretAccessKey: found.SecretAccessKey,
    sessionToken: found.SessionToken,
  };
  const there = await new STSClient({ credentials }).send(new GetCallerIdentityCommand());
  return { credentials, caller: here.Arn, assumed: there.Arn, expiration: found.Expiration };
}

async function vaults() {
  const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({ Description: "from-js" }));
  await kms.send(new CreateAliasCommand({ AliasName: "alias/from-js", TargetKeyId: key.KeyId }));
  const byAlias = await kms.send(new DescribeKeyCommand({ KeyId: "alias/from-js" }));
  const vault = { BackupVaultName: "from-js" };
  const asked = { ...vault, EncryptionKeyArn: key.Arn, BackupVaultTags: { client: "js", "a key": "ä / +" } };
  const created = await source.send(new backup.CreateBackupVaultCommand(asked));
  const twice = await refusal(source, new backup.CreateBackupVaultCommand(asked));
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Principal: "*", Action: "backup:StartRestoreJob", Resource: "*" }],
  };
  const without = await refusal(source, new backup.GetBackupVaultAccessPolicyCommand(vault));
  await source.send(new backup.PutBackupVaultAccessPolicyCommand({ ...vault, Policy: JSON.stringify(policy) }));
  const read = await source.send(new backup.GetBackupVaultAccessPolicyCommand(vault));
  const tags = await source.send(new backup.ListTagsCommand({ ResourceArn: created.BackupVaultArn }));
  const described = await source.send(new backup.DescribeBackupVaultCommand(vault));
  const names = await listed();
  await source.send(new backup.DeleteBackupVaultAccessPolicyCommand(vault));
  await source.send(new backup.DeleteBackupVaultCommand(vault));
  return {
    created: created.CreationDate,
    keys: [byAlias.KeyMetadata.Arn, described.EncryptionKeyArn],
    tags: tags.Tags,
    policy: JSON.parse(read.Policy),
    names,
    left: await listed(),
    refusals: { twice, without },
  };
}

async function listed() {
  const found = await source.send(new backup.ListBackupVaultsCommand());
  return found.BackupVaultList.map((each) => each.BackupVaultName);
}

async function plans() {
  const asked = {
    BackupPlanName: "from-js",
    Rules: [
      {
        RuleName: "daily",
        TargetBackupVaultName: "backups",
        ScheduleExpression: "cron(0 5 ? * * *)",
        Lifecycle: { DeleteAfterDays: 35 },
        CopyActions: [{ DestinationBackupVaultArn: destination, Lifecycle: { DeleteAfterDays: 90 } }],
      },
    ],
  };
  const made = await source.send(new backup.CreateBackupPlanCommand({ BackupPlan: asked }));
  const plan = { BackupPlanId: made.BackupPlanId };
  const selection = {
    SelectionName: "tagged",
    IamRoleArn: role,
    Resources: ["*"],
    Conditions: { StringEquals: [{ ConditionKey: "aws:ResourceTag/backup", ConditionValue: "daily" }] },
  };
  const chosen = await source.send(new backup.CreateBackupSelectionCommand({ ...plan, BackupSelection: selection }));
  const selected = { ...plan, SelectionId: chosen.SelectionId };
  const read = await source.send(new backup.GetBackupPlanCommand(plan));
  const kept = await source.send(new backup.GetBackupSelectionCommand(selected));
  const tooEarly = await refusal(source, new backup.DeleteBackupPlanCommand(plan));
  await source.send(new backup.DeleteBackupSelectionCommand(selected));
  const deleted = await source.send(new backup.DeleteBackupPlanCommand(plan));
  return {
    rule: read.BackupPlan.Rules[0],
    selection: kept.BackupSelection,
    deleted: deleted.DeletionDate instanceof Date,
    refusals: { tooEarly },
  };
}

async function copies(credentials) {
  const pages = [];
  const asked = { BackupVaultName: "backups" };
  for await (const page of backup.paginateListRecoveryPointsByBackupVault({ client: source, pageSize: 2 }, asked)) {
    pages.push(page.RecoveryPoints.map((each) => each.RecoveryPointArn));
  }
  const started = await source.send(
    new backup.StartCopyJobCommand({
      RecoveryPointArn: pages[0][0],
      SourceBackupVaultName: "backups",
      DestinationBackupVaultArn: destination,
      IamRoleArn: role,
      Lifecycle: { DeleteAfterDays: 90 },
    }),
  );
  const job = await ended(started.CopyJobId);
  const target = new backup.BackupClient({ credentials, region: elsewhere });
  const copy = await target.send(
    new backup.DescribeRecoveryPointCommand({
      BackupVaultName: destination.split(":").at(-1),
      RecoveryPointArn: job.DestinationRecoveryPointArn,
    }),
  );
  return { pages, started: started.CreationDate, job, copy };
}

async function ended(id) {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    const { CopyJob: job } = await source.send(new backup.DescribeCopyJobCommand({ CopyJobId: id }));
    if (!["CREATED", "RUNNING"].includes(job.State)) {
      return job;
    }
    await setTimeout(50);
  }
  throw new Error(`the copy job ${id} did not end within ${PATIENCE / 1000} s`);
}

async function refusals() {
  const lost = { BackupVaultName: "missing" };
  return {
    vault: await refusal(source, new backup.DescribeBackupVaultCommand(lost)),
    job: await refusal(source, new backup.DescribeCopyJobCommand({ CopyJobId: "missing" })),
    key: await refusal(kms, new DescribeKeyCommand({ KeyId: "alias/missing" })),
    role: await refusal(sts, new AssumeRoleCommand({ RoleArn: reader, RoleSessionName: "from-js" })),
    unknown: await refusal(source, new backup.ListFrameworksCommand()),
  };
}

async function refusal(client, command) {
  try {
    await client.send(command);
  } catch (error) {
    const { httpStatusCode: status, attempts } = error.$metadata;
    return { kind: error.constructor.name, name: error.name, message: error.message, status, attempts };
  }
  throw new Error(`${command.constructor.name} was not refused`);
}

const { credentials, ...known } = await callers();
const seen = {
  callers: known,
  vaults: await vaults(),
  plans: await plans(),
  copies: await copies(credentials),
  refusals: await refusals(),
};
console.log(JSON.stringify(seen));
