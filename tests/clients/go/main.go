// A short tour of a simulated AWS with the AWS SDK for Go, which shares nothing with botocore but the service models.
//
// Credentials, Region and endpoint come from the environment. Prints one JSON object with what was seen; the test that
// starts it judges. ARNs of the destination vault and of the copy role are the arguments.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

type seen struct {
	Caller          string
	Vaults          []string
	Created         float64
	Policy          string
	Points          []string
	Pages           int
	Job             string
	State           string
	Retention       int64
	MissingVault    string
	MissingJob      string
	NotImplemented  string
	Plan            string
	CopyDestination string
}

func main() {
	destination, role := os.Args[1], os.Args[2]
	ctx := context.Background()
	settings := aws.Config{
		Region:       os.Getenv("AWS_REGION"),
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			}, nil
		}),
	}
	client := backup.NewFromConfig(settings)
	found := seen{}

	caller, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	check(err)
	found.Caller = *caller.Arn

	vaults(ctx, client, &found)
	points(ctx, client, &found)
	copies(ctx, client, &found, destination, role)
	plans(ctx, client, &found, destination)
	refusals(ctx, client, &found)
	check(json.NewEncoder(os.Stdout).Encode(found))
}

func vaults(ctx context.Context, client *backup.Client, found *seen) {
	created, err := client.CreateBackupVault(ctx, &backup.CreateBackupVaultInput{
		BackupVaultName: aws.String("from-go"),
		BackupVaultTags: map[string]string{"client": "go"},
	})
	check(err)
	found.Created = float64(created.CreationDate.UnixMilli()) / 1000
	listed, err := client.ListBackupVaults(ctx, &backup.ListBackupVaultsInput{})
	check(err)
	for _, each := range listed.BackupVaultList {
		found.Vaults = append(found.Vaults, *each.BackupVaultName)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"backup:StartRestoreJob","Resource":"*"}]}`
	_, err = client.PutBackupVaultAccessPolicy(ctx, &backup.PutBackupVaultAccessPolicyInput{
		BackupVaultName: aws.String("from-go"), Policy: &policy,
	})
	check(err)
	read, err := client.GetBackupVaultAccessPolicy(ctx, &backup.GetBackupVaultAccessPolicyInput{
		BackupVaultName: aws.String("from-go"),
	})
	check(err)
	found.Policy = *read.Policy
	_, err = client.DeleteBackupVault(ctx, &backup.DeleteBackupVaultInput{BackupVaultName: aws.String("from-go")})
	check(err)
}

func points(ctx context.Context, client *backup.Client, found *seen) {
	pages := backup.NewListRecoveryPointsByBackupVaultPaginator(client, &backup.ListRecoveryPointsByBackupVaultInput{
		BackupVaultName: aws.String("backups"), MaxResults: aws.Int32(2),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		check(err)
		found.Pages++
		for _, each := range page.RecoveryPoints {
			found.Points = append(found.Points, *each.RecoveryPointArn)
		}
	}
	_, err := client.UpdateRecoveryPointLifecycle(ctx, &backup.UpdateRecoveryPointLifecycleInput{
		BackupVaultName:  aws.String("backups"),
		RecoveryPointArn: &found.Points[0],
		Lifecycle:        &types.Lifecycle{DeleteAfterDays: aws.Int64(50)},
	})
	check(err)
	described, err := client.DescribeRecoveryPoint(ctx, &backup.DescribeRecoveryPointInput{
		BackupVaultName: aws.String("backups"), RecoveryPointArn: &found.Points[0],
	})
	check(err)
	found.Retention = *described.Lifecycle.DeleteAfterDays
}

func copies(ctx context.Context, client *backup.Client, found *seen, destination, role string) {
	started, err := client.StartCopyJob(ctx, &backup.StartCopyJobInput{
		RecoveryPointArn:          &found.Points[0],
		SourceBackupVaultName:     aws.String("backups"),
		DestinationBackupVaultArn: &destination,
		IamRoleArn:                &role,
	})
	check(err)
	found.Job = *started.CopyJobId
	job, err := client.DescribeCopyJob(ctx, &backup.DescribeCopyJobInput{CopyJobId: started.CopyJobId})
	check(err)
	found.State = string(job.CopyJob.State)
}

func plans(ctx context.Context, client *backup.Client, found *seen, destination string) {
	created, err := client.CreateBackupPlan(ctx, &backup.CreateBackupPlanInput{BackupPlan: &types.BackupPlanInput{
		BackupPlanName: aws.String("from-go"),
		Rules: []types.BackupRuleInput{{
			RuleName:              aws.String("daily"),
			TargetBackupVaultName: aws.String("backups"),
			ScheduleExpression:    aws.String("cron(0 5 * * ? *)"),
			CopyActions:           []types.CopyAction{{DestinationBackupVaultArn: &destination}},
		}},
	}})
	check(err)
	read, err := client.GetBackupPlan(ctx, &backup.GetBackupPlanInput{BackupPlanId: created.BackupPlanId})
	check(err)
	found.Plan = *read.BackupPlan.BackupPlanName
	found.CopyDestination = *read.BackupPlan.Rules[0].CopyActions[0].DestinationBackupVaultArn
	_, err = client.DeleteBackupPlan(ctx, &backup.DeleteBackupPlanInput{BackupPlanId: created.BackupPlanId})
	check(err)
}

func refusals(ctx context.Context, client *backup.Client, found *seen) {
	_, err := client.DescribeBackupVault(ctx, &backup.DescribeBackupVaultInput{BackupVaultName: aws.String("missing")})
	found.MissingVault = code(err)
	_, err = client.DescribeCopyJob(ctx, &backup.DescribeCopyJobInput{CopyJobId: aws.String("missing")})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		found.MissingJob = missing.ErrorMessage()
	}
	_, err = client.ListFrameworks(ctx, &backup.ListFrameworksInput{})
	found.NotImplemented = code(err)
}

func code(err error) string {
	var known smithy.APIError
	if errors.As(err, &known) {
		return known.ErrorCode()
	}
	log.Fatalf("no error of AWS: %v", err)
	return ""
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
